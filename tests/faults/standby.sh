#!/usr/bin/env bash
# A second state of the private PostgreSQL's data, which takes the place of the first.
#
# usage: tests/faults/standby.sh standby | copy | take-over
#   standby    a synchronous standby follows from now on: no commit is acknowledged that it does not
#              have
#   copy       a copy of the data as they are now
#   take-over  kill -9 of PostgreSQL; the standby, promoted, or the copy goes on at its port
# env: PG_PORT, RUN_DIR; the standby has the port PG_PORT + 4
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"

readonly DATA=$RUN_DIR/postgres/data
readonly OTHER=$RUN_DIR/postgres/other
readonly PORT=$((PG_PORT + 4))
readonly URL=postgresql://lab@127.0.0.1:$PG_PORT/lab
BINARIES=(/usr/lib/postgresql/*/bin)
readonly BIN=${BINARIES[-1]}
AS_SERVER=()
((EUID != 0)) || AS_SERVER=(setpriv --reuid=postgres --regid=postgres --init-groups
	--inh-caps=+dac_override --ambient-caps=+dac_override)

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$URL" -c "$1"; }

# copy: fsync is not needed, for nobody turns the machine off.
copy() {
	rm -rf "$OTHER"
	if ! grep -q '^host replication' "$DATA/pg_hba.conf"; then
		printf 'host replication all 127.0.0.0/8 scram-sha-256\n' >>"$DATA/pg_hba.conf"
		sql 'select pg_reload_conf()'
	fi
	wait_until 30 "PostgreSQL gives a copy" "$BIN/pg_basebackup" -h 127.0.0.1 -p "$PG_PORT" -U lab \
		-D "$OTHER" -c fast -X stream --no-sync
	((EUID != 0)) || chown -R postgres:postgres "$OTHER"
}

standby() {
	local password
	copy
	password=$(sed -n 's/^127\.0\.0\.1:\*:\*:lab://p' "$RUN_DIR/pgpass")
	printf "primary_conninfo = 'host=127.0.0.1 port=%s user=lab password=%s application_name=%s'\n" \
		"$PG_PORT" "$password" standby >>"$OTHER/postgresql.auto.conf"
	"${AS_SERVER[@]}" touch "$OTHER/standby.signal"
	process_start standby - "${AS_SERVER[@]}" env -C / LC_ALL=C.UTF-8 \
		"$BIN/postgres" -D "$OTHER" -p "$PORT"
	process_wait_ready standby 30 "$BIN/pg_isready" -q -h 127.0.0.1 -p "$PORT"
	sql "alter system set synchronous_standby_names = 'standby'"
	sql 'select pg_reload_conf()'
	wait_until 30 "the standby follows" follows
}

follows() { [[ $(sql "select sync_state from pg_stat_replication") == sync ]]; }

# take-over: the state of the standby, once it is promoted, is the database's.
take_over() {
	process_kill postgres
	if process_alive standby; then
		"${AS_SERVER[@]}" env -C / "$BIN/pg_ctl" -s -w -D "$OTHER" promote
		process_stop standby 20 INT
	fi
	rm -rf "$DATA.before"
	mv "$DATA" "$DATA.before"
	mv "$OTHER" "$DATA"
	rm -rf "$DATA.before"
}

case ${1-} in
standby | copy) "$1" ;;
take-over) take_over ;;
*) usage ;;
esac
