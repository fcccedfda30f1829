# NAME=value of what the service's container gets, but for the pod's own values. Input: all manifests.
. as $all
| (.[] | select(.kind == "Deployment" and .metadata.name == $service)
	| .spec.template.spec.containers[0]) as $container
| ($container.envFrom[].configMapRef.name as $name
	| $all[] | select(.kind == "ConfigMap" and .metadata.name == $name) | .data | to_entries[]),
  ($container.env[] | { key: .name, value: (.value // "") })
| "\(.key)=\(.value)"
