#!/usr/bin/env bash
# The Kafka broker: the pinned Apache Kafka in KRaft mode, one node, data in $RUN_DIR/kafka.
#
# usage: kafka/broker.sh fetch | start | stop | status
#   fetch   downloads the jars to .cache/ if they are not there yet
#   start   fetches, formats the storage on first use, starts the node; it answers when this returns
#   stop    stops it; the data stay
#   status  says whether it runs; exit code 3 if not
# env: KAFKA_PORT             clients (9092)
#      KAFKA_CONTROLLER_PORT  controller (KAFKA_PORT + 1)
#      KAFKA_HEAP_MB          Java heap at most (128; 64 was enough for 90,000 events/s)
#      NODE_ID                number of the node (1)
#      RUN_DIR, CACHE_DIR     see common/process.sh
set -euo pipefail
# shellcheck source=common/process.sh
. "$(dirname "$(realpath "$0")")/../common/process.sh"
# shellcheck source=kafka/java.sh
. "$REPO_DIR/kafka/java.sh"

KAFKA_PORT=${KAFKA_PORT:-9092}
require_number KAFKA_PORT 1 65534
KAFKA_CONTROLLER_PORT=${KAFKA_CONTROLLER_PORT:-$((KAFKA_PORT + 1))}
KAFKA_HEAP_MB=${KAFKA_HEAP_MB:-128}
NODE_ID=${NODE_ID:-1}
require_number KAFKA_CONTROLLER_PORT 1 65535
require_number KAFKA_HEAP_MB 48 65536
require_number NODE_ID 1 1000

readonly NAME=kafka-$NODE_ID
readonly NODE_DIR=$RUN_DIR/kafka/$NODE_ID
readonly START_SECONDS=60
readonly STOP_SECONDS=20

# usage: the usage lines of this file, to stderr; exit 2.
usage() {
	sed -n '4,8s/^# //p' "$0" >&2
	exit 2
}

# write_properties: the settings of this node, from server.properties and the environment.
write_properties() {
	mkdir -p "$NODE_DIR"
	cat "$REPO_DIR/kafka/server.properties" - >"$NODE_DIR/server.properties" <<-END

		node.id=$NODE_ID
		listeners=PLAINTEXT://127.0.0.1:$KAFKA_PORT,CONTROLLER://127.0.0.1:$KAFKA_CONTROLLER_PORT
		advertised.listeners=PLAINTEXT://127.0.0.1:$KAFKA_PORT
		controller.quorum.voters=$NODE_ID@127.0.0.1:$KAFKA_CONTROLLER_PORT
		log.dirs=$NODE_DIR/data
	END
}

# format_storage: gives the storage its cluster id, once. A format that was interrupted is done
# anew.
format_storage() {
	local id log=$RUN_DIR/log/$NAME-format.log
	[[ ! -e $NODE_DIR/formatted ]] || return 0
	rm -rf "$NODE_DIR/data"
	# A Kafka cluster id is 16 random bytes in URL-safe base64.
	id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
	# "=": the tool reads an id that begins with "-" as an option otherwise.
	"${KAFKA_JAVA[@]}" -Xmx64m kafka.tools.StorageTool format --cluster-id="$id" \
		--config "$NODE_DIR/server.properties" </dev/null >"$log" 2>&1 ||
		die "Kafka's storage in $NODE_DIR could not be formatted; $(process_last_words "$log")"
	touch "$NODE_DIR/formatted"
}

# answers: the broker gives its metadata to a client.
answers() {
	port_open "$KAFKA_PORT" && kcat -b "127.0.0.1:$KAFKA_PORT" -L -m 1
}

# require_same_port: a broker that runs has the port that is asked for.
require_same_port() {
	process_gone "$NAME" ||
		grep -q -F "listeners=PLAINTEXT://127.0.0.1:$KAFKA_PORT," "$NODE_DIR/server.properties" ||
		die "$NAME runs with another KAFKA_PORT than $KAFKA_PORT: use that, or stop it first"
}

# start: see the usage above. A broker that runs already is no error.
start() {
	local archive=()
	require_same_port
	! process_still_ready "$NAME" "$START_SECONDS" answers || return 0
	kafka_fetch
	run_dir_prepare
	require_command java kcat
	require_port_free "$KAFKA_PORT" "Kafka" KAFKA_PORT
	require_port_free "$KAFKA_CONTROLLER_PORT" "Kafka's controller" KAFKA_CONTROLLER_PORT
	kafka_java
	write_properties
	format_storage
	if [[ ! -r $KAFKA_ARCHIVE && -w $KAFKA_HOME ]]; then
		archive=(-XX:ArchiveClassesAtExit="$NODE_DIR/classes.jsa"
			-Xlog:cds=off -Xlog:cds+dynamic=off)
	fi
	process_start "$NAME" - "${KAFKA_JAVA[@]}" "${archive[@]}" "-Xmx${KAFKA_HEAP_MB}m" -Xms32m \
		kafka.Kafka "$NODE_DIR/server.properties"
	process_wait_ready "$NAME" "$START_SECONDS" answers
}

# stop: see the usage above. Keeps the class archive that a broker without one writes while it ends.
stop() {
	process_stop "$NAME" "$STOP_SECONDS"
	[[ -s $NODE_DIR/classes.jsa ]] || return 0
	mv -f "$NODE_DIR/classes.jsa" "$(kafka_archive)" 2>/dev/null || rm -f "$NODE_DIR/classes.jsa"
}

# status: see the usage above.
status() {
	if ! process_pid "$NAME"; then
		say "$NAME is not running"
		exit 3
	fi
	say "$NAME runs: pid $PROCESS_PID, 127.0.0.1:$KAFKA_PORT"
}

case ${1-} in
fetch) kafka_fetch ;;
start) start ;;
stop) stop ;;
status) status ;;
*) usage ;;
esac
