#!/usr/bin/env bash
# Runs one of Kafka's own performance programs. The lab's Java starts quickly; here it is fast.
#
# usage: tests/bench/kafka_perf.sh ProducerPerformance|ConsumerPerformance ARGUMENT...
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
. "$REPO_DIR/kafka/java.sh"

(($# > 1)) || usage
kafka_java
exec "${KAFKA_JAVA[@]}" -XX:TieredStopAtLevel=4 -Xmx256m -Dlab.log.level=off \
	"org.apache.kafka.tools.$1" "${@:2}"
