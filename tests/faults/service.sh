#!/usr/bin/env bash
# Becomes a service of the fault runner, in the surroundings that the run's families need.
#
# usage: tests/faults/service.sh NAME PROGRAM     called by stack/stack.sh, as SERVICE_WRAPPER
# env: FAULTS_LOG_PIPE=1   the service's log is a small pipe, read by the process NAME.reader, which
#                          the runner can stop: a log that nobody reads
#      FAULTS_LINKS=1      it reaches its servers by addresses of its own (tests/faults/links.h)
#      FAULTS_POOLER_PORT  it reaches PostgreSQL by pgbouncer (tests/faults/pooler.sh)
#      FAULTS_CLOCK        libfaketime, which moves the service's clock
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"

# read_log NAME: copies stdin to stderr, as a process with a pid file.
read_log() {
	start_time_of "$BASHPID"
	printf '%s %s\n' "$BASHPID" "$START_TIME" >"$RUN_DIR/pid/$1.reader"
	exec cat >&2
}

# link NAME: order-service 127.0.1.1, order-service-2 127.0.1.2, delivery-1 127.0.1.11, ...
link() {
	local number=1
	[[ ! $1 =~ -([0-9]+)$ ]] || number=${BASH_REMATCH[1]}
	[[ $1 != delivery* ]] || number=$((10 + number))
	export KAFKA_BOOTSTRAP_SERVERS=${KAFKA_BOOTSTRAP_SERVERS//127.0.0.1:/127.0.1.$number:}
	export DATABASE_URL="$DATABASE_URL?hostaddr=127.0.1.$number"
}

# pooler PORT: DATABASE_URL leads to it, unless a proxy does.
pooler() {
	[[ -n ${FAULTS_LINKS-} ]] || export DATABASE_URL="${DATABASE_URL/:$PG_PORT\//:$1/}"
}

# clock NAME LIBRARY: the time of day is that of the file clock-NAME, such as +30s.
clock() {
	[[ -r $2 ]] || return 0
	[[ -e $RUN_DIR/clock-$1 ]] || printf '+0s\n' >"$RUN_DIR/clock-$1"
	export LD_PRELOAD=$2 FAKETIME_TIMESTAMP_FILE=$RUN_DIR/clock-$1 FAKETIME_NO_CACHE=1
	export FAKETIME_DONT_FAKE_MONOTONIC=1
}

name=$1
shift
[[ -z ${FAULTS_LINKS-} ]] || link "$name"
[[ -z ${FAULTS_POOLER_PORT-} ]] || pooler "$FAULTS_POOLER_PORT"
[[ -z ${FAULTS_LOG_PIPE-} ]] || exec 2> >(read_log "$name")
[[ -z ${FAULTS_CLOCK-} ]] || clock "$name" "$FAULTS_CLOCK"
exec "$@"
