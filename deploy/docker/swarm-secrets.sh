#!/usr/bin/env bash
# Makes the passwords that an installation on a Docker Swarm does not have yet: random, known to nobody but the
# swarm, for deploy/docker/stack.yml. The compose file's are made by deploy/docker/secrets.sh.
#
# usage: deploy/docker/swarm-secrets.sh           on a manager node
#        deploy/docker/swarm-secrets.sh --remove  after docker stack rm
set -euo pipefail

readonly ROLES=(lab order_service delivery_service page_reader)

# keep NAME: standard input is the secret of that name.
keep() { docker secret create "$1" - >/dev/null; }

for role in "${ROLES[@]}"; do
	name=${role//_/-}
	if [[ ${1-} == --remove ]]; then
		docker secret rm "$name.password" "$name.pgpass" >/dev/null
		continue
	fi
	! docker secret inspect "$name.pgpass" >/dev/null 2>&1 || continue
	password=$(od -A n -N 16 -t x1 /dev/urandom | tr -d ' \n')
	printf '%s' "$password" | keep "$name.password"
	printf '*:*:*:%s:%s\n' "$role" "$password" | keep "$name.pgpass"
done
