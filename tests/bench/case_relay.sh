# shellcheck shell=bash
# The relay: a full outbox onto the topic, against Kafka's own kafka-producer-perf-test with
# messages of the same size (payload, key and headers together) and the same guarantees.

RELAY_EVENTS=300000
readonly RELAY_MESSAGE_BYTES=290

case_relay() {
	local i rates=() references=()
	((QUICK == 0)) || RELAY_EVENTS=60000
	for ((i = 1; i <= REPEAT; i++)); do
		stack_fresh 4
		references+=("$(relay_reference)")
		relay_fill
		stack_orders 1
		bench_await "$ORDER_PORT" relay_published_total "$RELAY_EVENTS"
		rates+=("$(per_second $((RELAY_EVENTS - AWAIT_FIRST)) $((AWAIT_US - AWAIT_FIRST_US)))")
		output_progress "relay: ${rates[-1]} events/s, producer-perf-test ${references[-1]}"
	done
	row case=relay name="a full outbox onto the topic" unit=events/s better=more \
		values="${rates[*]}" reference="kafka-producer-perf-test" \
		reference_values="${references[*]}"
}

# relay_fill: the outbox has RELAY_EVENTS rows.
relay_fill() {
	stack_sql "insert into orders.outbox (topic, key, type, payload)
		select '$KAFKA_TOPIC', n::text::bytea, 'OrderPlaced', convert_to(
			'{\"eventType\":\"OrderPlaced\",\"timestamp\":1732180000123,\"id\":' || n ||
			',\"version\":1,\"customerId\":2000,\"productId\":\"100\",\"productName\":' ||
			'\"RADIO\",\"qty\":3,\"address\":\"PUSAN\"}', 'UTF8')
		from generate_series(1, $RELAY_EVENTS) n"
}

# relay_reference: prints the messages per second of Kafka's own producer.
relay_reference() {
	local log=$RUN_DIR/log/producer-perf-test.log topic=$KAFKA_TOPIC.reference
	stack_topic "$topic" 4
	"${BENCH_JAVA[@]}" org.apache.kafka.tools.ProducerPerformance --topic "$topic" \
		--num-records $((RELAY_EVENTS * 3)) --record-size "$RELAY_MESSAGE_BYTES" --throughput -1 \
		--producer-props "bootstrap.servers=$KAFKA_BOOTSTRAP_SERVERS" acks=all \
		enable.idempotence=true >"$log" 2>&1 ||
		die "kafka-producer-perf-test failed; $(process_last_words "$log")"
	sed -n 's/^[0-9]* records sent, \([0-9]*\)[.0-9]* records\/sec.*ms 99\.9th.*/\1/p' "$log"
}
