#!/usr/bin/env bash
# Debian's pgbouncer between the services and the private PostgreSQL, in session mode, with state in
# $RUN_DIR/pgbouncer.
#
# usage: tests/faults/pooler.sh start
#   start  starts it, unless it runs; it accepts connections on return
# env: PG_PORT, RUN_DIR, FAULTS_POOLER_PORT
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"

readonly DIR=$RUN_DIR/pgbouncer

# Passwords of the services, and what no session has to wait for.
write_settings() {
	mkdir -p "$DIR"
	sed -n 's/^127\.0\.0\.1:\*:\*:\([^:]*\):\(.*\)/"\1" "\2"/p' "$RUN_DIR/pgpass" >"$DIR/users"
	cat >"$DIR/pgbouncer.ini" <<-END
		[databases]
		lab = host=127.0.0.1 port=$PG_PORT dbname=lab
		[pgbouncer]
		listen_addr = 127.0.0.1
		listen_port = $FAULTS_POOLER_PORT
		unix_socket_dir =
		auth_type = scram-sha-256
		auth_file = $DIR/users
		pool_mode = session
		max_client_conn = 200
		default_pool_size = 60
		server_idle_timeout = 5
		tcp_keepidle = 5
		tcp_keepintvl = 3
		tcp_keepcnt = 3
	END
	((EUID != 0)) || chown -R postgres:postgres "$DIR"
}

start() {
	local user=()
	write_settings
	((EUID != 0)) || user=(-u postgres)
	if process_gone pgbouncer; then
		require_command pgbouncer
		process_start pgbouncer - env -C / pgbouncer "${user[@]}" "$DIR/pgbouncer.ini"
	fi
	process_wait_ready pgbouncer 30 port_open "$FAULTS_POOLER_PORT"
}

[[ ${1-} == start ]] || usage
start
