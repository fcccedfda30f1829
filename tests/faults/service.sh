#!/usr/bin/env bash
# Becomes a service of the fault runner, in the surroundings that the run's families need.
#
# usage: tests/faults/service.sh NAME PROGRAM     called by stack/stack.sh, as SERVICE_WRAPPER
# env: FAULTS_LOG_PIPE=1   the service's log is a small pipe, read by the process NAME.reader, which
#                          the runner can stop: a log that nobody reads
#      FAULTS_LINKS=1      it reaches its servers by addresses of its own (tests/faults/links.h)
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

name=$1
shift
[[ -z ${FAULTS_LINKS-} ]] || link "$name"
[[ -z ${FAULTS_LOG_PIPE-} ]] || exec 2> >(read_log "$name")
exec "$@"
