# shellcheck shell=bash
# The benchmarks' stack: which services run, on which empty tables and topic, and what is asked of
# them. To be sourced after lab/own_stack.sh and kafka/java.sh.
#
# bench_fresh is the beginning of every measurement: no service runs, the tables are empty, the
# topic is new. A service that is started then has the settings that the case names, and its
# defaults.

readonly BENCH_CONNECTIONS=640 # of PostgreSQL: pgbench with 500 clients, and the services
readonly BENCH_SECONDS=300     # a measurement that takes longer has failed
BENCH_TOPICS=0                 # made so far

# bench_open: the stack of this run, with more connections than the lab's; no service runs then.
bench_open() {
	own_stack_open bench
	own_stack_start
	export PGPASSFILE=$RUN_DIR/pgpass KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:$KAFKA_PORT
	BENCH_URL=postgresql://lab@127.0.0.1:$PG_PORT/lab
	# shellcheck disable=SC2034 # for the cases
	BENCH_DELIVERY_URL=postgresql://delivery_service@127.0.0.1:$PG_PORT/lab
	bench_stop
	bench_sql "alter system set max_connections = $BENCH_CONNECTIONS"
	"$REPO_DIR/sql/cluster.sh" restart >/dev/null
	kafka_java
	# The lab's Java starts quickly; here it shall be fast.
	# shellcheck disable=SC2034 # for the cases
	BENCH_JAVA=("${KAFKA_JAVA[@]}" -XX:TieredStopAtLevel=4 -Xmx256m -Dlab.log.level=off)
}

# bench_sql SQL: runs it as the owner of the database and prints what it selects.
bench_sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$BENCH_URL" <<<"$1" ||
		die "PostgreSQL refused: $1"
}

# bench_stop: no service runs.
bench_stop() {
	own_stack scale 0
	process_stop order-service 10
}

# bench_fresh PARTITIONS: empty tables and a new topic with so many partitions: KAFKA_TOPIC.
bench_fresh() {
	bench_stop
	bench_sql "select 'truncate ' || string_agg(format('%I.%I', schemaname, tablename), ', ')
		|| ' restart identity' from pg_tables where schemaname in ('orders', 'delivery') \\gexec
		checkpoint;"
	BENCH_TOPICS=$((BENCH_TOPICS + 1))
	export KAFKA_TOPIC=bench.$BENCH_TOPICS
	bench_topic "$KAFKA_TOPIC" "$1"
}

# bench_topic NAME PARTITIONS: makes a topic.
bench_topic() {
	"$REPO_DIR/kafka/topics.sh" create "$1" "$2" >/dev/null
}

# bench_orders [SETTING=VALUE...]: an order-service, ready.
bench_orders() {
	(($# == 0)) || local -x "$@"
	own_stack orders 1
}

# bench_delivery REPLICAS [SETTING=VALUE...]: that many delivery-services, ready.
bench_delivery() {
	local replicas=$1
	shift
	(($# == 0)) || local -x "$@"
	own_stack scale "$replicas"
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
		own_stack_require_alive
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
	bench_sql 'select (extract(epoch from min(received_at)) * 1000000)::int8 from delivery.history'
}

# bench_check EFFECTS [SETTING=VALUE...]: the history checker finds nothing wrong, and that many
# effects; or die, since a wrong answer is not fast.
bench_check() {
	local effects=$1 found log=$RUN_DIR/log/check.log
	shift
	env DATABASE_URL="$BENCH_URL" WAIT=120 ACKS= "$@" "$BUILD_DIR/check" --json \
		>"$RUN_DIR/check.json" 2>"$log" ||
		die "the history checker: $(jq -r '.violations[0].kind // "no verdict"' \
			"$RUN_DIR/check.json" 2>/dev/null) (see $RUN_DIR/check.json, $log)"
	found=$(jq -r .counts.effects "$RUN_DIR/check.json")
	[[ $found == "$effects" ]] || die "effects: $found, not $effects"
}

# per_second COUNT MICROSECONDS: prints the rate, as a whole number.
per_second() {
	awk -v n="$1" -v us="$2" 'BEGIN { printf "%d", n * 1e6 / us }'
}

# in_thousandths NUMBER: prints microseconds as ms, or milliseconds as s.
in_thousandths() {
	awk -v n="$1" 'BEGIN { printf "%.3f", n / 1000 }'
}
