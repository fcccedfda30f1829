# shellcheck shell=bash
# What the benchmarks need beside the stack to measure on: Kafka's own programs, a filled topic, an
# exact wait. To be sourced after lab/load/stack.sh and kafka/java.sh.

readonly BENCH_CONNECTIONS=640 # of PostgreSQL: pgbench with 500 clients, and the services
readonly BENCH_SECONDS=300     # a measurement that takes longer has failed

# bench_open: the stack of this run, with more connections than the lab's; no service runs then.
bench_open() {
	stack_open bench "$BENCH_CONNECTIONS"
	# shellcheck disable=SC2034 # for the cases
	BENCH_DELIVERY_URL=postgresql://delivery_service@127.0.0.1:$PG_PORT/lab
	kafka_java
	# The lab's Java starts quickly; here it shall be fast.
	# shellcheck disable=SC2034 # for the cases
	BENCH_JAVA=("${KAFKA_JAVA[@]}" -XX:TieredStopAtLevel=4 -Xmx256m -Dlab.log.level=off)
}

# bench_feed ORDERS [SETTING=VALUE...]: three events of each order are on the topic.
bench_feed() {
	env ORDERS="$1" FIRST_ORDER=1 BLOCK=1000 RATE=0 "${@:2}" "$BUILD_DIR/tests/bench-feed" \
		>"$RUN_DIR/log/feed.log" ||
		die "the topic could not be filled (the reason is above)"
}

# bench_await PORT METRIC VALUE: waits until a service's counter has it. Sets AWAIT_US (wall clock),
# AWAIT_FIRST_US and AWAIT_FIRST: when it was first seen to count, and what it had then.
bench_await() {
	local output
	output=$(env PORT="$1" METRIC="$2" AT_LEAST="$3" BASE=0 TIMEOUT_S="$BENCH_SECONDS" \
		"$BUILD_DIR/tests/bench-await") || {
		temporary_stack_require_alive
		die "a measurement takes too long (what was waited for is above); see $RUN_DIR/log"
	}
	# shellcheck disable=SC2034 # for the cases
	read -r AWAIT_US _ AWAIT_FIRST_US AWAIT_FIRST <<<"$output"
}

# bench_memory NAME FIELD: prints a process's VmRSS (resident) or VmHWM (its peak) in MB.
bench_memory() {
	process_pid "$1" || die "$1 does not run; $(process_last_words "$RUN_DIR/log/$1.log")"
	awk -v field="$2:" '$1 == field { printf "%.1f", $2 / 1024 }' "/proc/$PROCESS_PID/status"
}

# bench_first_received_us: prints when the first event with an effect came to a delivery-service.
bench_first_received_us() {
	stack_sql 'select (extract(epoch from min(received_at)) * 1000000)::int8 from delivery.history'
}
