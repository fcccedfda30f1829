#!/usr/bin/env bash
# Starts a node as the image apache/kafka does: KAFKA_A_B=v is the property a.b=v (two underlines:
# one), the storage is formatted with CLUSTER_ID once.
set -euo pipefail
readonly PROPERTIES=/opt/kafka/config/server.properties

# java_kafka CLASS ARGUMENT...
java_kafka() {
	# shellcheck disable=SC2086 # options of Java, several
	exec java ${KAFKA_HEAP_OPTS:--Xmx1g} ${KAFKA_OPTS-} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
		-Dlog4j2.configurationFile=/opt/kafka/config/log4j2.properties \
		-cp '/opt/kafka/libs/*' "$@"
}

properties() {
	local name value
	while IFS='=' read -r name value; do
		case $name in
		KAFKA_HEAP_OPTS | KAFKA_OPTS | KAFKA_JMX_*) continue ;;
		esac
		name=${name#KAFKA_}
		name=${name//__/:}
		name=${name//_/.}
		name=${name,,}
		printf '%s=%s\n' "${name//:/_}" "$value"
	done < <(env | grep '^KAFKA_')
}

properties >"$PROPERTIES"
if [[ ! -e /var/lib/kafka/data/meta.properties ]]; then
	# "=": the tool reads an id that begins with "-" as an option otherwise.
	(java_kafka kafka.tools.StorageTool format --cluster-id="$CLUSTER_ID" --config "$PROPERTIES")
fi
java_kafka kafka.Kafka "$PROPERTIES"
