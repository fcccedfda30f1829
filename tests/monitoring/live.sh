#!/usr/bin/env bash
# The monitoring, played for real: a temporary stack with the JMX exporter in the broker, and a
# Prometheus that scrapes it. Every scrape passes promtool's lint, every bean of jmx-exporter.yml is
# there, every query of the board has an answer, nothing fires while all is well, and a service that
# ends is noticed. This is what `make test-monitoring` runs, in about a minute.
#
# usage: tests/monitoring/live.sh
# env: PROMETHEUS_PORT  (9090)
#      JMX_PORT         the broker's metrics (9404)
#      the other ports and RUN_DIR as stack/stack.sh; CACHE_DIR see stack/process.sh
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
. "$REPO_DIR/kafka/java.sh"
. "$REPO_DIR/lab/terminal_output.sh"
. "$REPO_DIR/stack/temporary_stack.sh"

readonly BOARD=$REPO_DIR/deploy/monitoring/grafana/boards/ordering-lab.json
QUERY=   # what query_answered asks
PENDING= # what calm has seen

# start_kafka: the broker with the agent. A class archive cannot be made with an agent in the
# process, so a broker without one leaves it behind first. Only the broker may have the agent: a
# second Java would find its port taken.
start_kafka() {
	kafka_fetch
	kafka_java
	if [[ ! -r $KAFKA_ARCHIVE ]]; then
		temporary_stack_begin kafka/broker.sh start
		temporary_stack_end
		temporary_stack_begin kafka/broker.sh stop
		temporary_stack_end
	fi
	local -x JAVA_TOOL_OPTIONS=-javaagent:$JMX_AGENT=$JMX_PORT
	JAVA_TOOL_OPTIONS+=:$REPO_DIR/deploy/monitoring/jmx-exporter.yml
	temporary_stack_begin kafka/broker.sh start
	temporary_stack_end
}

# start_prometheus: with the rules as they are, and the addresses of this stack.
start_prometheus() {
	cat >"$RUN_DIR/prometheus.yml" <<-END
		global: {scrape_interval: 2s, evaluation_interval: 2s}
		rule_files: ["$REPO_DIR/deploy/monitoring/alerts.yml"]
		scrape_configs:
		  - {job_name: order-service, static_configs: [{targets: ["127.0.0.1:$ORDER_PORT"]}]}
		  - {job_name: delivery-service, static_configs: [{targets: ["127.0.0.1:$DELIVERY_PORT"]}]}
		  - {job_name: kafka, static_configs: [{targets: ["127.0.0.1:$JMX_PORT"]}]}
	END
	process_start prometheus - "$PROMETHEUS_BIN/prometheus" \
		--config.file="$RUN_DIR/prometheus.yml" --storage.tsdb.path="$RUN_DIR/prometheus" \
		--web.listen-address="127.0.0.1:$PROMETHEUS_PORT"
	process_wait_ready prometheus 30 prometheus_api targets
}

# prometheus_api PATH [CURL OPTION...]: prints its answer's data.
prometheus_api() {
	local path=$1
	shift
	curl -f -s --noproxy '*' --max-time 10 -G "$@" \
		"http://127.0.0.1:$PROMETHEUS_PORT/api/v1/$path" | jq -e .data
}

# call METHOD PATH STATUS [BODY]: order-service answers with the status, or die.
call() {
	local status
	status=$(curl -s --noproxy '*' --max-time 10 -o /dev/null -w '%{http_code}' -X "$1" \
		-H 'Content-Type: application/json' ${4:+-d "$4"} "http://127.0.0.1:$ORDER_PORT$2")
	[[ $status == "$3" ]] || die "$1 $2 was answered with $status, not with $3"
}

# play_orders: some that are placed, changed, cancelled, and one that is not there.
play_orders() {
	local id
	for id in {1..5}; do
		call POST /orders 201 '{"customerId":1,"productId":"1","productName":"TV","qty":3,
			"address":"SEOUL"}'
		call PATCH "/orders/$id" 200 '{"address":"PUSAN"}'
	done
	call DELETE /orders/1 204
	call GET /orders/99 404
}

# check_scrapes: what each target writes passes promtool's lint, and Kafka's beans are all there.
check_scrapes() {
	local port name
	for port in "$ORDER_PORT" "$DELIVERY_PORT" "$JMX_PORT"; do
		curl -f -s --noproxy '*' --max-time 10 "http://127.0.0.1:$port/metrics" \
			>"$RUN_DIR/metrics.$port"
		"$PROMETHEUS_BIN/promtool" check metrics <"$RUN_DIR/metrics.$port" \
			>"$RUN_DIR/log/lint.$port" 2>&1 ||
			die "promtool does not like what port $port writes; see $RUN_DIR/log/lint.$port:" \
				"$(head -n 1 "$RUN_DIR/log/lint.$port")"
	done
	while IFS= read -r name; do
		grep -q "^${name}[{ ]" "$RUN_DIR/metrics.$JMX_PORT" ||
			die "deploy/monitoring/jmx-exporter.yml: the broker has nothing for $name"
	done < <(sed -n 's/^ *name: \(kafka_.*\)/\1/p' "$REPO_DIR/deploy/monitoring/jmx-exporter.yml")
}

all_up() {
	prometheus_api targets | jq -e '.activeTargets | length == 3 and all(.health == "up")'
}

# query_answered: QUERY has an answer. Queries that show only what is out of the ordinary ("> 0")
# may have none.
query_answered() {
	prometheus_api query --data-urlencode "query=$QUERY" |
		jq -e --arg query "$QUERY" '(.result | length > 0) or ($query | test("> 0$"))'
}

# check_board: every query of the board has an answer; rates have one after two scrapes.
check_board() {
	local count=0
	while IFS= read -r QUERY; do
		wait_until 20 "the board's query is answered: $QUERY" query_answered || exit 1
		count=$((count + 1))
	done < <(jq -r '.panels[].targets[]?.expr | gsub("\\$__(rate_interval|range)"; "1m")' "$BOARD")
	((count > 0)) || die "$BOARD has no query"
	output_progress "the board's $count queries are answered"
}

alerts() { prometheus_api alerts | jq -r '.alerts[] | "\(.labels.alertname) \(.state)"'; }

# calm: no alert fires or is about to. An event that waits while its service is scraped for the first
# time makes one pending until the next scrape.
calm() { PENDING=$(alerts) && [[ -z $PENDING ]]; }

noticed() { alerts | grep -q -x 'ServiceDown pending'; }

close_run() {
	process_stop prometheus 10
	temporary_stack_down
}

main() {
	(($# == 0)) || usage
	: "${PROMETHEUS_PORT:=9090}" "${JMX_PORT:=9404}"
	require_number PROMETHEUS_PORT 1 65535
	require_number JMX_PORT 1 65535
	require_command jq curl
	PROMETHEUS_BIN=$("$REPO_DIR/deploy/monitoring/fetch.sh" prometheus)
	JMX_AGENT=$("$REPO_DIR/deploy/monitoring/fetch.sh" agent)
	temporary_stack_open monitoring close_run
	preflight PORTS="PROMETHEUS_PORT:$PROMETHEUS_PORT:Prometheus,JMX_PORT:$JMX_PORT:JMX exporter"
	start_kafka
	DELIVERY_DELAY_MS=100 temporary_stack_start
	start_prometheus
	wait_until 20 "every target is up" all_up || exit 1
	output_progress "Prometheus scrapes order-service, delivery-service and Kafka"
	play_orders
	check_board
	check_scrapes
	output_progress "promtool's lint passes; Kafka's beans are all there"
	wait_until 20 "no alert is pending" calm || die "all is well, but: ${PENDING//$'\n'/, }"
	temporary_stack_require_alive
	process_stop delivery-1 10
	wait_until 20 "the alert ServiceDown is pending" noticed || exit 1
	output_progress "nothing fires while all is well; a service that ends is noticed"
}

main "$@"
