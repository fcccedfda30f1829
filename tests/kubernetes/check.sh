#!/usr/bin/env bash
# Checks deploy/kubernetes/ without a cluster: kubernetes-validate holds each manifest against the schema of
# the API, strictly; rules.jq against each other and against the pod security standard "restricted";
# the services themselves take the settings of their ConfigMaps, and know each of them.
#
# usage: tests/kubernetes/check.sh BIN    (BIN: where kubernetes-validate and its Python are)
# env: BUILD_DIR  where the services are (build)
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"

readonly KUBERNETES=1.33.0 # of the API
readonly CUSTOM=deploy/kubernetes/keda.yaml       # of a kind that only its operator knows
DOCUMENTS= # all manifests, as a JSON array

# as_json FILE...: prints the documents of the YAML files, one a line.
as_json() {
	"$BIN/python" -c 'import json, sys, yaml
for name in sys.argv[1:]:
    with open(name) as file:
        for document in yaml.safe_load_all(file):
            print(json.dumps(document))' "$@"
}

# check_settings SERVICE: the service takes them, and none is a name that it does not know.
check_settings() {
	local service=$1 setting known values
	known=$("$BUILD_DIR/$service" --help)
	mapfile -t values < <(jq -r --arg service "$service" -f tests/kubernetes/settings.jq \
		<<<"$DOCUMENTS")
	((${#values[@]} > 0)) || die "deploy/kubernetes/$service.yaml gives no settings"
	for setting in "${values[@]}"; do
		[[ $setting == PGPASSWORD=* ]] || grep -q "^  ${setting%%=*} " <<<"$known" ||
			die "deploy/kubernetes/: $service knows no setting ${setting%%=*}"
	done
	env -i "${values[@]}" "$BUILD_DIR/$service" --check-config ||
		die "deploy/kubernetes/: $service does not take its settings (the reason is above)"
}

main() {
	local files breaches version
	(($# == 1)) || usage
	cd "$REPO_DIR"
	BIN=$1
	BUILD_DIR=${BUILD_DIR:-build}
	require_command jq
	mapfile -t files < <(find deploy/kubernetes -name '*.yaml' ! -path "$CUSTOM" \
		! -name kustomization.yaml | sort)
	"$BIN/kubernetes-validate" -k "$KUBERNETES" --strict --quiet "${files[@]}"
	DOCUMENTS=$(as_json "${files[@]}" "$CUSTOM" | jq -s .)
	version=$(sed -n 's/.*PROJECT_VERSION "\(.*\)"/\1/p' common/base/version.h)
	breaches=$(jq -r --arg version "$version" -f tests/kubernetes/rules.jq <<<"$DOCUMENTS")
	[[ -z $breaches ]] || die "deploy/kubernetes/: ${breaches//$'\n'/; }"
	check_settings order-service
	check_settings delivery-service
	check_settings page
	say "deploy/kubernetes/: $(jq length <<<"$DOCUMENTS") resources, valid against Kubernetes $KUBERNETES"
}

main "$@"
