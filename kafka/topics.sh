#!/usr/bin/env bash
# The topics, by Kafka's own commands.
#
# usage: kafka/topics.sh create            makes the lab's topic and the dead-letter topic
#        kafka/topics.sh create TOPIC PARTITIONS [SETTING=VALUE...]
#                                          makes a topic; one that is there stays as it is
#        kafka/topics.sh recreate          makes both anew, empty
#        kafka/topics.sh alter PARTITIONS  more partitions for the lab's topic, while all runs
#        kafka/topics.sh describe [TOPIC]  partitions and their leaders
#        kafka/topics.sh controller        the broker that is the active controller
# env: BROKERS, KAFKA_PORT  see kafka/nodes.sh; a topic has as many replicas as there are brokers
#      KAFKA_TOPIC          the lab's topic (kafka.scaling)
#      PARTITIONS           of the lab's topic when it is made (1; 4 with three brokers)
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
. "$REPO_DIR/kafka/java.sh"
. "$REPO_DIR/kafka/nodes.sh"

kafka_nodes
KAFKA_TOPIC=${KAFKA_TOPIC:-kafka.scaling}
: "${PARTITIONS:=$((BROKERS > 1 ? 4 : 1))}"
require_number PARTITIONS 1 1000
readonly DLQ_TOPIC=dlq-kafka.delivery
# Twice Kafka's default: a message of the largest size still fits with the headers that say why it
# is here.
readonly DLQ_MAX_BYTES=2097152
# Nothing is ever deleted: an event that is gone before delivery-service came to it is lost, and what
# is gone cannot be verified. Kafka's default is seven days.
readonly KEEP_ALL=(retention.ms=-1 retention.bytes=-1)

# kafka_command CLASS ARGUMENT...: runs a command class of Kafka against the brokers. What it has to
# say beside its answer goes to a log; returns 1 if it failed.
kafka_command() {
	"${KAFKA_JAVA[@]}" -Xmx64m -Dlab.log.level=off "org.apache.kafka.tools.$1" \
		--bootstrap-server "$KAFKA_SERVERS" "${@:2}" 2>"$RUN_DIR/log/topics-$BASHPID.log"
}

# partitions_of TOPIC: prints how many it has; 0: there is no such topic. It asks without the half
# second that a Java takes.
partitions_of() {
	kcat -q -L -J -b "$KAFKA_SERVERS" -t "$1" -m 5 | jq '.topics[0].partitions | length'
}

# create_topic TOPIC PARTITIONS [SETTING=VALUE...]: one line when it made the topic, silent when it
# was there.
create_topic() {
	local setting arguments=()
	(($(partitions_of "$1") == 0)) || return 0
	for setting in "${@:3}"; do
		arguments+=(--config "$setting")
	done
	kafka_command TopicCommand --create --if-not-exists --topic "$1" --partitions "$2" \
		"${arguments[@]}" >"$RUN_DIR/log/create-$1.log" ||
		die "topic $1 could not be made; $(process_last_words "$RUN_DIR/log/create-$1.log")"
	say "topic $1 made, partitions: $2"
}

# create_lab_topics: both at once, for a Java start takes most of the time.
create_lab_topics() {
	local lab status=0
	create_topic "$KAFKA_TOPIC" "$PARTITIONS" "${KEEP_ALL[@]}" &
	lab=$!
	(create_topic "$DLQ_TOPIC" 1 "max.message.bytes=$DLQ_MAX_BYTES" "${KEEP_ALL[@]}") || status=1
	wait "$lab" || status=1
	return "$status"
}

# recreate: both topics anew, empty.
recreate() {
	kafka_command TopicCommand --delete --if-exists --topic "$KAFKA_TOPIC|$DLQ_TOPIC" \
		>"$RUN_DIR/log/delete.log" ||
		die "the topics were not deleted; $(process_last_words "$RUN_DIR/log/delete.log")"
	wait_until 30 "the topics are gone" topics_gone
	create_lab_topics
}

topics_gone() { (($(partitions_of "$KAFKA_TOPIC") + $(partitions_of "$DLQ_TOPIC") == 0)); }

# alter PARTITIONS: the lab's topic has that many from now on.
alter() {
	local N=$1 now
	require_number N 1 1000
	now=$(partitions_of "$KAFKA_TOPIC")
	((now > 0)) || die "there is no topic $KAFKA_TOPIC: make it with kafka/topics.sh create"
	((now <= N)) || die "topic $KAFKA_TOPIC was not altered to $N partitions: it has $now, and" \
		"Kafka can only add some"
	((now == N)) || kafka_command TopicCommand --alter --topic "$KAFKA_TOPIC" --partitions "$N" \
		>"$RUN_DIR/log/alter.log" ||
		die "topic $KAFKA_TOPIC was not altered; $(process_last_words "$RUN_DIR/log/alter.log")"
}

describe() {
	(($(partitions_of "$1") > 0)) ||
		die "there is no topic $1 on $KAFKA_SERVERS: make it with kafka/topics.sh create"
	kafka_command TopicCommand --describe --topic "$1"
}

controller() {
	local output
	output=$(kafka_command MetadataQuorumCommand describe --status) || true
	[[ $output =~ LeaderId:[[:space:]]+([0-9]+) ]] || die "the controllers cannot be described"
	say "${BASH_REMATCH[1]}"
}

# any_port_open: at least one broker is there to be asked.
any_port_open() {
	local port
	for port in $(kafka_ports); do
		! port_open "$port" || return 0
	done
	return 1
}

command=${1-}
shift || usage
kafka_fetched || die "Kafka's jars are not in $CACHE_DIR: run kafka/broker.sh fetch"
require_command java kcat jq
run_dir_prepare
any_port_open ||
	die "no broker answers on $KAFKA_SERVERS: start it (make up) or set KAFKA_PORT=..."
kafka_java
case $command:$# in
create:0) create_lab_topics ;;
create:1) usage ;;
recreate:0) recreate ;;
create:*) create_topic "$@" ;;
alter:1) alter "$1" ;;
describe:[01]) describe "${1:-$KAFKA_TOPIC}" ;;
controller:0) controller ;;
*) usage ;;
esac
