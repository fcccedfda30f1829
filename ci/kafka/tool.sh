#!/usr/bin/env bash
# A command of Kafka's, by the name it is called by.
set -euo pipefail
case ${0##*/} in
kafka-topics.sh) class=org.apache.kafka.tools.TopicCommand ;;
kafka-consumer-groups.sh) class=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
kafka-console-consumer.sh) class=org.apache.kafka.tools.consumer.ConsoleConsumer ;;
esac
# shellcheck disable=SC2086 # options of Java, several
exec java ${KAFKA_HEAP_OPTS:--Xmx64m} -XX:TieredStopAtLevel=1 -Dlab.log.level=off \
	-Dlog4j2.configurationFile=/opt/kafka/config/log4j2.properties \
	-cp '/opt/kafka/libs/*' "$class" "$@"
