#!/usr/bin/env bash
# The private PostgreSQL cluster: Debian's server, data in $RUN_DIR/postgres, 127.0.0.1 only,
# durable. It touches no other cluster.
#
# usage: sql/cluster.sh start | stop | restart | psql [ARGUMENT...]
#   start    makes the cluster on first use, starts it, applies sql/migrations; ready on return
#   stop     stops it; the data stay
#   psql     opens psql on the lab's database as its owner, with psql's arguments
# env: PG_PORT  (15432); PG_BIN: another server than Debian's
#      RUN_DIR  see stack/process.sh
# Passwords are random for each cluster and only in $RUN_DIR/pgpass, the PGPASSFILE of psql, and in
# $RUN_DIR/pgpass.ROLE, that of the role's service.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../stack/process.sh"

PG_PORT=${PG_PORT:-15432}
require_number PG_PORT 1 65535
readonly NAME=postgres
readonly DATA=$RUN_DIR/postgres
readonly START_SECONDS=60
readonly STOP_SECONDS=20
readonly URL=postgresql://lab@127.0.0.1:$PG_PORT/lab
export PGPASSFILE=$RUN_DIR/pgpass
export PSQL_HISTORY=$RUN_DIR/psql_history

find_server() {
	local folder
	for folder in "${PG_BIN:-/usr/lib/postgresql/15/bin}" /usr/lib/postgresql/*/bin; do
		[[ -x $folder/postgres && -x $folder/initdb ]] || continue
		BIN=$folder
		return 0
	done
	die "PostgreSQL's server is missing from /usr/lib/postgresql: run stack/packages.sh install"
}

# find_user: sets AS_SERVER to the command that puts a program under the server's user. PostgreSQL
# refuses to run as root, so root hands it to Debian's user postgres. Where that user cannot reach
# the data, because a folder above them is root's alone (a clone under /root), the server also gets
# the one capability that lets it pass through such folders. (The try is a chdir and not test -x:
# access(2) answers without the capabilities.)
find_user() {
	local capability
	AS_SERVER=()
	((EUID == 0)) || return 0
	AS_SERVER=(setpriv --reuid=postgres --regid=postgres --init-groups)
	! "${AS_SERVER[@]}" env -C "$RUN_DIR" true 2>/dev/null || return 0
	# Containers often have only the second.
	for capability in dac_read_search dac_override; do
		AS_SERVER=(setpriv --reuid=postgres --regid=postgres --init-groups
			"--inh-caps=+$capability" "--ambient-caps=+$capability")
		! "${AS_SERVER[@]}" env -C "$RUN_DIR" true 2>/dev/null || return 0
	done
	die "the user postgres cannot reach $RUN_DIR:" \
		"set RUN_DIR to a folder that it can, or use an ordinary user"
}

random_password() { head -c 16 /dev/urandom | od -A n -t x1 | tr -d ' \n'; }

# make_passwords ROLE...: one for each of them that has none.
make_passwords() {
	local role
	(
		umask 077
		for role; do
			[[ -n $(password_of "$role" 2>/dev/null) ]] ||
				printf '127.0.0.1:*:*:%s:%s\n' "$role" "$(random_password)" >>"$PGPASSFILE"
			grep ":$role:" "$PGPASSFILE" >"$PGPASSFILE.$role"
		done
	)
}

# password_of ROLE: prints it.
password_of() { sed -n "s/^127\.0\.0\.1:\*:\*:$1://p" "$PGPASSFILE"; }

# make_cluster: initdb. One that was interrupted is done again. The password comes through a pipe
# that the server's own user makes.
make_cluster() {
	local log=$RUN_DIR/log/postgres-initdb.log
	[[ ! -e $DATA/made ]] || return 0
	[[ -d $DATA ]] || mkdir -m 700 "$DATA"
	find "$DATA" -mindepth 1 -delete # it may be a file system of its own
	((EUID != 0)) || chown postgres:postgres "$DATA"
	rm -f "$PGPASSFILE"
	make_passwords lab
	password_of lab | "${AS_SERVER[@]}" env -C / LC_ALL=C bash -c 'exec "$1" --pgdata="$2" \
		--pwfile=<(cat) --username=lab --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 \
		--data-checksums --no-sync --no-instructions' \
		initdb "$BIN/initdb" "$DATA/data" >"$log" 2>&1 ||
		die "the cluster in $DATA could not be made; $(process_last_words "$log")"
	cat "$REPO_DIR/sql/postgresql.conf" >>"$DATA/data/postgresql.conf"
	printf 'host all all 127.0.0.0/8 scram-sha-256\n' >"$DATA/data/pg_hba.conf"
	sync -f "$DATA"
	touch "$DATA/made"
}

# clear_remains: after a kill -9 of the server its backends may live on for a moment and hold its
# shared memory, and postmaster.pid is left over; the next server would take a stranger who got that
# pid for its predecessor. Waits for the backends, then removes the file, unless a server does work
# there.
clear_remains() {
	local pid file=$DATA/data/postmaster.pid
	[[ -r $file ]] || return 0
	pid=$(head -n 1 "$file")
	if [[ $(readlink "/proc/$pid/cwd") == "$DATA/data" ]]; then
		die "another server, pid $pid, works on $DATA/data: stop it with kill -INT $pid"
	fi
	wait_until 10 "the backends of the killed server are gone" memory_unused "$file" ||
		die "backends of a killed server still work on $DATA/data: end them"
	rm -f "$file"
}

# memory_unused POSTMASTER_PID_FILE: no process is attached to the shared memory segment that the
# file names.
memory_unused() {
	local id
	id=$(awk 'NR == 7 { print $2 }' "$1")
	awk -v id="${id:-none}" '$2 == id && $7 > 0 { used = 1 } END { exit used }' /proc/sysvipc/shm
}

accepts() { "$BIN/pg_isready" -q -h 127.0.0.1 -p "$PG_PORT"; }

# require_same_port: a server that runs has the port that is asked for.
require_same_port() {
	local port
	process_alive "$NAME" || return 0
	port=$(sed -n 4p "$DATA/data/postmaster.pid")
	[[ $port == "$PG_PORT" ]] ||
		die "$NAME runs with PG_PORT=$port, not $PG_PORT: use that, or stop it first"
}

# start_server: starts it if it does not run, and waits until it accepts connections.
start_server() {
	local secure=()
	[[ -z ${SECURE-} ]] || secure=("--hba_file=$RUN_DIR/secure/pg_hba.conf" --ssl=on
		"--ssl_cert_file=$RUN_DIR/secure/postgres.crt" "--ssl_key_file=$RUN_DIR/secure/postgres.key")
	require_same_port
	! process_still_ready "$NAME" "$START_SECONDS" accepts || return 0
	preflight PORTS="PG_PORT:$PG_PORT:PostgreSQL"
	clear_remains
	process_start "$NAME" - ${SERVER_WRAPPER:+"$SERVER_WRAPPER" "$NAME"} "${AS_SERVER[@]}" \
		env -C / LC_ALL=C.UTF-8 "$BIN/postgres" -D "$DATA/data" -p "$PG_PORT" "${secure[@]}"
	process_wait_ready "$NAME" "$START_SECONDS" accepts
}

make_database() {
	local sql=(psql -X -q -A -t -v ON_ERROR_STOP=1 -d "${URL%/lab}/postgres")
	[[ ! -e $DATA/database ]] || return 0
	if [[ -z $("${sql[@]}" -c "select 1 from pg_database where datname = 'lab'") ]]; then
		"${sql[@]}" -c 'create database lab'
	fi
	touch "$DATA/database"
}

# migrate: brings the schema up to date and sets the services' passwords.
migrate() {
	make_passwords order_service delivery_service page_reader
	PAGE_READER_PASSWORD=$(password_of page_reader) ORDER_SERVICE_PASSWORD=$(password_of order_service) \
	DELIVERY_SERVICE_PASSWORD=$(password_of delivery_service) \
	DATABASE_URL=$URL "$REPO_DIR/sql/migrate.sh"
}

# start: see the usage above. On a running cluster it still applies new migrations.
start() {
	find_server
	run_dir_prepare
	find_user
	make_cluster
	start_server
	make_database
	migrate
}

# stop: see the usage above. INT is PostgreSQL's fast stop: it ends the sessions and writes a
# checkpoint.
stop() { process_stop "$NAME" "$STOP_SECONDS" INT; }

case ${1-} in
start | stop) "$1" ;;
restart)
	stop
	start
	;;
psql)
	shift
	process_alive "$NAME" || die "PostgreSQL does not run in $(quoted "$RUN_DIR"): make up"
	exec psql "$URL" "$@"
	;;
*) usage ;;
esac
