#!/usr/bin/env bash
# Makes the passwords of a new installation on a Docker Swarm, once: random, known to nobody but the
# swarm, for deploy/docker/stack.yml. The compose file's are made by deploy/docker/secrets.sh.
#
# usage: deploy/docker/swarm-secrets.sh           on a manager node
#        deploy/docker/swarm-secrets.sh --remove  after docker stack rm
set -euo pipefail

readonly ROLES=(lab order_service delivery_service)

# keep NAME: standard input is the secret of that name.
keep() { docker secret create "$1" - >/dev/null; }

for role in "${ROLES[@]}"; do
	name=${role//_/-}
	if [[ ${1-} == --remove ]]; then
		docker secret rm "$name.password" "$name.pgpass" >/dev/null
		continue
	fi
	password=$(od -A n -N 16 -t x1 /dev/urandom | tr -d ' \n')
	printf '%s' "$password" | keep "$name.password"
	printf '*:*:*:%s:%s\n' "$role" "$password" | keep "$name.pgpass"
done
