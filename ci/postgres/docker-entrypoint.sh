#!/usr/bin/env bash
# Starts the server as the image postgres does: the first time it makes the cluster with the user,
# the password and the database that POSTGRES_* name, with a server that has only a socket.
set -euo pipefail

[[ $1 == postgres ]] || exec "$@"
if [[ ! -s $PGDATA/PG_VERSION ]]; then
	# shellcheck disable=SC2086 # options of initdb, several
	initdb --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" \
		--auth-local=trust --auth-host=trust ${POSTGRES_INITDB_ARGS-}
	printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
	pg_ctl -w start -o "-c listen_addresses=''"
	createdb -U "$POSTGRES_USER" "$POSTGRES_DB"
	pg_ctl -w -m fast stop
fi
exec "$@" -c listen_addresses='*'
