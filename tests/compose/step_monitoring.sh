# shellcheck shell=bash
# The step monitoring: Prometheus beside the lab. To be sourced after tests/compose/images.sh and
# tests/compose/project.sh.

step_monitoring() {
	local agent services=()
	output_step "monitoring: Prometheus finds every replica, and Kafka by its agent"
	agent=$("$REPO_DIR/deploy/monitoring/fetch.sh" agent)
	project_use "$PROJECT" --env-file "$REPO_DIR/deploy/docker/monitoring.env"
	((${#IMAGE_MISSING[@]} == 0)) || services=(order-service delivery-service prometheus)
	JMX_AGENT=$agent up --scale delivery-service=2 "${services[@]}"
	output_progress "all is up and healthy after $UP_MS ms"
	place >/dev/null
	expect "order-service, two delivery-services, Kafka and Prometheus itself are scraped" \
		wait_until 60 "all targets are up" targets_up 5
	expect "Kafka's messages on the topic are seen" \
		wait_until 60 "there is a rate" prometheus_knows 'sum(kafka_topic_messages_in_total) > 0'
	expect "Kafka's commands run beside the agent" compose exec -T kafka \
		/opt/kafka/bin/kafka-topics.sh --bootstrap-server kafka:19092 --list
	project_down "$PROJECT"
}

# targets_up COUNT: so many targets, and all of them answer.
targets_up() {
	curl -f -s --max-time 5 "http://127.0.0.1:$PROMETHEUS_PORT/api/v1/targets" |
		jq -e --argjson count "$1" '.data.activeTargets
			| length == $count and all(.health == "up")' >/dev/null
}

# prometheus_knows QUERY: it has an answer.
prometheus_knows() {
	curl -f -s --max-time 5 -G --data-urlencode "query=$1" \
		"http://127.0.0.1:$PROMETHEUS_PORT/api/v1/query" | jq -e '.data.result | length > 0'
}
