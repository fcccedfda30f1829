# What no schema knows of the manifests: each breach is a line. Input: all documents, slurped;
# $version: the project's.

def name: "\(.kind) \(.metadata.name)";
def workloads: map(select(.kind == "Deployment" or .kind == "Job"));
def pods: workloads | map({name: name, labels: .spec.template.metadata.labels} + .spec.template.spec);

# True if the selector takes pods with these labels.
def takes($labels):
	(.matchLabels // {} | to_entries | all($labels[.key] == .value))
	and (.matchExpressions // [] | all(.operator == "In"
		and (.values as $values | $labels[.key] as $value | $values | index($value) != null)));

# The keys of a ConfigMap or Secret; null: there is none.
def keys_of($all; $kind; $name):
	$all | map(select(.kind == $kind and .metadata.name == $name)) | first
		| if . then ((.data // {}) + (.stringData // {}) | keys) else null end;

. as $all | pods as $pods |
(.[] | select(.kind != "Namespace" and .metadata.namespace != "ordering-lab")
	| "\(name): is not in the namespace ordering-lab"),

# A selector that takes no pod does nothing, and nobody would notice.
(.[] | select(.kind == "Service") | name as $who | .spec.selector as $selector | .spec.ports[].targetPort as $port
	| [$pods[] | .labels as $labels | select({matchLabels: $selector} | takes($labels))] as $taken
	| if ($taken | length) != 1 then "\($who): selects \($taken | length) workloads"
		elif ([$taken[].containers[].ports[]?.name] | index($port)) == null
			then "\($who): its pods have no port \($port)"
		else empty end),
(.[] | select(.kind == "PodDisruptionBudget" or .kind == "Deployment") | name as $who | .spec.selector as $selector
	| [$pods[] | .labels as $labels | select($selector | takes($labels))]
	| select(length != 1) | "\($who): selects \(length) workloads"),
(.[] | select(.kind == "NetworkPolicy") | name as $who | .spec.podSelector as $selector
	| [$pods[] | .labels as $labels | select($selector | takes($labels))]
	| select(length == 0) | "\($who): selects no pods"),
(.[] | select(.spec.scaleTargetRef?) | name as $who | .spec.scaleTargetRef.name as $target
	| select([$all[] | select(.kind == "Deployment" and .metadata.name == $target)] | length != 1)
	| "\($who): there is no Deployment \($target)"),

# What a pod refers to is there.
($pods[] | .name as $who | .containers[] |
	(.envFrom[]?.configMapRef.name as $map | select(keys_of($all; "ConfigMap"; $map) == null)
		| "\($who): there is no ConfigMap \($map)"),
	(.env[]?.valueFrom.secretKeyRef? // empty | . as $ref
		| select(keys_of($all; "Secret"; $ref.name) // [] | index($ref.key) == null)
		| "\($who): the Secret \($ref.name) has no \($ref.key)")),
($pods[] | .name as $who | [.volumes[]?.name] as $volumes | .containers[].volumeMounts[]?.name
	| select(. as $volume | $volumes | index($volume) == null) | "\($who): there is no volume \(.)"),

# The pod security standard "restricted", and what this project adds to it.
($pods[] | .name as $who |
	(select(.securityContext.runAsNonRoot != true or .securityContext.seccompProfile.type != "RuntimeDefault"
		or .securityContext.runAsUser == 0 or .hostNetwork or .hostPID or .hostIPC)
		| "\($who): the pod is not restricted"),
	(select(.automountServiceAccountToken != false) | "\($who): it gets a token of the cluster's API"),
	(select(.enableServiceLinks != false) | "\($who): it gets the variables of Services"),
	(.containers[] | select(.securityContext != {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true,
			capabilities: {drop: ["ALL"]}})
		| "\($who): container \(.name) is not restricted"),
	(.containers[] | select(.resources.requests.cpu == null or .resources.requests.memory == null
			or .resources.limits.memory == null)
		| "\($who): container \(.name) has no resources"),
	(.containers[].image | select(test("^ordering-lab/") and (endswith(":" + $version) | not))
		| "\($who): \(.) is not version \($version)"),
	# A Job that is there cannot be changed.
	(select($who | startswith("Job ") and (endswith("-" + ($version | gsub("\\."; "-"))) | not))
		| "\($who): its name is not that of version \($version)"),
	(.containers[].image | select(test(":[^/]*[0-9]$") | not) | "\($who): \(.) is not pinned")),
(workloads[] | select(.kind == "Deployment") | name as $who | .spec.template.spec.containers[]
	| (select(.startupProbe == null or .readinessProbe == null or .livenessProbe == null)
		| "\($who): a probe is missing"),
	(.startupProbe, .livenessProbe
		| select(.httpGet.path == "/readyz" and (.periodSeconds // 10) * (.failureThreshold // 3) < 86400)
		| "\($who): it is restarted because a server is away"))
