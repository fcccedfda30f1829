#!/usr/bin/env bash
# The topics, by Kafka's own commands.
#
# usage: kafka/topics.sh create            makes the lab's topic and the dead-letter topic
#        kafka/topics.sh create TOPIC PARTITIONS [SETTING=VALUE...]
#                                          makes a topic; one that is there stays as it is
#        kafka/topics.sh alter PARTITIONS  more partitions for the lab's topic, while all runs
#        kafka/topics.sh describe [TOPIC]  partitions and their leaders
#        kafka/topics.sh groups [GROUP]    position and lag of the consumer group
#        kafka/topics.sh controller        the broker that is the active controller
# env: BROKERS, KAFKA_PORT  see kafka/nodes.sh; a topic has as many replicas as there are brokers
#      KAFKA_TOPIC          the lab's topic (kafka.scaling)
#      PARTITIONS           of the lab's topic when it is made (1; 4 with three brokers)
#      CONSUMER_GROUP       (delivery)
set -euo pipefail
# shellcheck source=stack/process.sh
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
# shellcheck source=kafka/java.sh
. "$REPO_DIR/kafka/java.sh"
# shellcheck source=kafka/nodes.sh
. "$REPO_DIR/kafka/nodes.sh"

kafka_nodes
KAFKA_TOPIC=${KAFKA_TOPIC:-kafka.scaling}
: "${PARTITIONS:=$((BROKERS > 1 ? 4 : 1))}"
require_number PARTITIONS 1 1000
readonly DLQ_TOPIC=dlq-kafka.delivery
# Twice Kafka's default: a message of the largest size still fits with the headers that say why it
# is here.
readonly DLQ_MAX_BYTES=2097152

# usage: the usage lines of this file, to stderr; exit 2.
usage() {
	sed -n '4,10s/^# //p' "$0" >&2
	exit 2
}

# kafka_command CLASS ARGUMENT...: runs a command class of Kafka against the broker.
kafka_command() {
	local class=$1
	shift
	"${KAFKA_JAVA[@]}" -Xmx64m -Dlab.log.level=off "org.apache.kafka.tools.$class" \
		--bootstrap-server "$KAFKA_SERVERS" "$@"
}

# first_error OUTPUT: the line of a command's output that says what went wrong.
first_error() {
	sed -n '/error\|exception/I { s/^Error while executing topic command : //; p; q }' <<<"$1"
}

# topic_exists TOPIC: asks the broker, without the half second that a Java takes.
topic_exists() {
	local found
	found=$(kcat -b "$KAFKA_SERVERS" -L -t "$1" -m 5 2>/dev/null | grep -F "topic \"$1\" with ") ||
		return 1
	[[ $found != *' with 0 partitions'* ]]
}

# create_topic TOPIC PARTITIONS [SETTING=VALUE...]: one line when it made the topic, silent when it
# was there.
create_topic() {
	local topic=$1 partitions=$2 setting output arguments=()
	shift 2
	! topic_exists "$topic" || return 0
	for setting; do
		arguments+=(--config "$setting")
	done
	output=$(kafka_command TopicCommand --create --if-not-exists --topic "$topic" \
		--partitions "$partitions" "${arguments[@]}" 2>&1) ||
		die "topic $topic could not be made: $(first_error "$output")"
	say "topic $topic made, partitions: $partitions"
}

# create_lab_topics: both at once, for a Java start takes most of the time.
create_lab_topics() {
	local lab status=0
	create_topic "$KAFKA_TOPIC" "$PARTITIONS" &
	lab=$!
	(create_topic "$DLQ_TOPIC" 1 "max.message.bytes=$DLQ_MAX_BYTES") || status=1
	wait "$lab" || status=1
	return "$status"
}

# alter PARTITIONS: the lab's topic has that many from now on. Kafka can only add partitions.
alter() {
	local output
	N=$1
	require_number N 1 1000
	output=$(kafka_command TopicCommand --alter --topic "$KAFKA_TOPIC" --partitions "$N" 2>&1) ||
		[[ $output == *"already has $N partition"* ]] ||
		die "topic $KAFKA_TOPIC was not altered to $N partitions: $(first_error "$output")"
}

# describe TOPIC: its partitions, by Kafka's own command.
describe() {
	topic_exists "$1" || die "there is no topic $1 on $KAFKA_SERVERS: make it with kafka/topics.sh create"
	kafka_command TopicCommand --describe --topic "$1"
}

# groups GROUP: position, end and lag for each partition, and which member has it.
groups() {
	local output
	output=$(kafka_command consumer.group.ConsumerGroupCommand --describe --group "$1" 2>&1) || true
	if [[ $output == *GroupIdNotFoundException* ]]; then
		say "consumer group $1 has not been seen yet"
	elif [[ $output == *Exception* ]]; then
		die "consumer group $1 cannot be described: $(first_error "$output")"
	else
		printf '%s\n' "$output" | sed '/^$/d'
	fi
}

# controller: the number of the broker that is the active controller.
controller() {
	local output
	output=$(kafka_command MetadataQuorumCommand describe --status 2>&1) || true
	[[ $output =~ LeaderId:[[:space:]]+([0-9]+) ]] ||
		die "the controllers cannot be described: $(first_error "$output")"
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

main() {
	local command=${1-}
	shift || usage
	kafka_fetched || die "Kafka's jars are not in $CACHE_DIR: run kafka/broker.sh fetch"
	require_command java kcat
	any_port_open ||
		die "no broker answers on $KAFKA_SERVERS: start it (make up) or set KAFKA_PORT=..."
	kafka_java
	case $command:$# in
	create:0) create_lab_topics ;;
	create:1) usage ;;
	create:*) create_topic "$@" ;;
	alter:1) alter "$1" ;;
	describe:[01]) describe "${1:-$KAFKA_TOPIC}" ;;
	controller:0) controller ;;
	groups:[01]) groups "${1:-${CONSUMER_GROUP:-delivery}}" ;;
	*) usage ;;
	esac
}

main "$@"
