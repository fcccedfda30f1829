#!/usr/bin/env bash
# The topics of the brokers that run.
#
# usage: kafka/topics.sh create            makes the lab's topic, the dead-letter topic, the state topics
#        kafka/topics.sh create TOPIC PARTITIONS   makes a topic; one that is there stays as it is
#        kafka/topics.sh recreate          makes both again, empty
#        kafka/topics.sh alter PARTITIONS  more partitions for the lab's topic, while all runs
#        kafka/topics.sh describe [TOPIC]  partitions and their leaders
#        kafka/topics.sh controller        the broker that is the active controller
# env: BROKERS, KAFKA_PORT  see kafka/nodes.sh; a topic has as many replicas as there are brokers
#      KAFKA_TOPIC          the lab's topic (kafka.scaling)
#      PARTITIONS           of the lab's topic when it is made (1; 4 with three brokers)
#      REPLICATION          replicas of a topic that is made, instead of one on each broker
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
. "$REPO_DIR/kafka/java.sh"
. "$REPO_DIR/kafka/nodes.sh"

kafka_nodes

# topics ACTION [SETTING=VALUE...]: build/topics on the brokers.
topics() {
	require_programs topics
	secure_as admin
	exec env "${SECURE_AS[@]}" ${SECURE:+KAFKA_ACLS="$REPO_DIR/kafka/acls.txt"} KAFKA_BOOTSTRAP_SERVERS="$KAFKA_SERVERS" \
		PARTITIONS="${PARTITIONS:-$((BROKERS > 1 ? 4 : 1))}" ACTION="$1" "${@:2}" "$BUILD_DIR/topics"
}

# Only Kafka's own command knows: to other clients any broker is the controller.
controller() {
	local output
	kafka_fetched || die "Kafka's jars are not in $CACHE_DIR: run kafka/broker.sh fetch"
	require_command java
	run_dir_prepare
	kafka_java
	output=$("${KAFKA_JAVA[@]}" -Xmx64m -Dlab.log.level=off \
		org.apache.kafka.tools.MetadataQuorumCommand --bootstrap-server "$KAFKA_SERVERS" \
		${SECURE:+--command-config "$RUN_DIR/secure/admin.properties"} \
		describe --status 2>"$RUN_DIR/log/controller.log") || true
	[[ $output =~ LeaderId:[[:space:]]+([0-9]+) ]] || die "the controllers cannot be described"
	say "${BASH_REMATCH[1]}"
}

command=${1-}
shift || usage
case $command:$# in
create:0 | recreate:0 | describe:0)
	[[ -z ${SECURE-} || $command${RELAY-} != createtransactional ]] || MAKEFLAGS='' make -s -C "$RUN_DIR/secure" \
		-f "$REPO_DIR/stack/secure/Makefile" transactional-ids KAFKA_DIR="$REPO_DIR/kafka" KAFKA_HOME="$KAFKA_HOME" KAFKA_SERVERS="$KAFKA_SERVERS"
	topics "$command"
	;;
create:2) topics make KAFKA_TOPIC="$1" PARTITIONS="$2" ;;
alter:1) topics alter PARTITIONS="$1" ;;
describe:1) topics describe KAFKA_TOPIC="$1" ;;
controller:0) controller ;;
*) usage ;;
esac
