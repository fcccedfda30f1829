# shellcheck shell=bash
# The delivery path: a backlog on the topic into the database, exactly once, with history, and the
# Delivery* events published. Against a bare loop of the same SQL, without Kafka, and against a
# plain consumer without a database.

BACKLOG_ORDERS=100000 # with three events each

case_backlog() {
	local i stored=() published=() bare=() consumer=() peak=()
	((QUICK == 0)) || BACKLOG_ORDERS=20000
	for ((i = 1; i <= REPEAT; i++)); do
		stack_fresh 4
		bench_feed "$BACKLOG_ORDERS"
		backlog_work
		output_progress "backlog: ${stored[-1]} events/s, published ${published[-1]}," \
			"peak ${peak[-1]} MB"
		stack_check $((BACKLOG_ORDERS * 3))
	done
	# The references come behind: what follows them has a third less, for reasons not known yet.
	for ((i = 1; i <= REPEAT; i++)); do
		stack_fresh 4
		bench_feed "$BACKLOG_ORDERS"
		consumer+=("$(backlog_consumer)")
		stack_fresh 4
		bare+=("$(backlog_bare)")
		output_progress "backlog: bare SQL ${bare[-1]}, consumer ${consumer[-1]}"
	done
	row case=backlog name="into the database" unit=events/s better=more values="${stored[*]}" \
		target=40000 aim=60000 reference="the same SQL in a bare loop" \
		reference_values="${bare[*]}"
	row case=backlog name="into the database" unit=events/s better=more values="${stored[*]}" \
		reference="kafka-consumer-perf-test" reference_values="${consumer[*]}"
	row case=backlog name="Delivery* published" unit=events/s better=more \
		values="${published[*]}" target=40000
	row case=backlog name="peak resident memory" unit=MB better=less values="${peak[*]}" target=64
}

# backlog_work: a delivery-service works it off. Adds to the caller's stored, published and peak.
backlog_work() {
	local count=$((BACKLOG_ORDERS * 3)) first
	stack_delivery 1 DELIVERY_DELAY_MS=0
	bench_await "$DELIVERY_PORT" delivery_events_applied_total "$count"
	first=$(bench_first_received_us)
	stored+=("$(per_second "$count" $((AWAIT_US - first)))")
	bench_await "$DELIVERY_PORT" relay_published_total "$count"
	published+=("$(per_second "$count" $((AWAIT_US - first)))")
	peak+=("$(bench_memory delivery-1 VmHWM)")
}

# backlog_bare: prints the events per second of the bare loop.
backlog_bare() {
	env DATABASE_URL="$BENCH_DELIVERY_URL" ORDERS="$BACKLOG_ORDERS" \
		BLOCK=1000 BATCH=1000 "$BUILD_DIR/tests/bench-bare" || die "the bare loop failed (the reason is above)"
}

# backlog_consumer: prints the messages per second of Kafka's own consumer, from its first fetch on.
backlog_consumer() {
	local log=$RUN_DIR/log/consumer-perf-test.log
	"${BENCH_JAVA[@]}" org.apache.kafka.tools.ConsumerPerformance --topic "$KAFKA_TOPIC" \
		--bootstrap-server "$KAFKA_BOOTSTRAP_SERVERS" --messages $((BACKLOG_ORDERS * 3)) \
		--timeout 20000 >"$log" 2>&1 ||
		die "kafka-consumer-perf-test failed; $(process_last_words "$log")"
	awk -F ', ' 'NF == 10 && $10 ~ /^[0-9.]+$/ { printf "%d", $10 }' "$log"
}
