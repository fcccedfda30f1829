# shellcheck shell=bash
# A stack to measure on: which services run, on which empty tables and topic, and what the history
# checker says of them. For the load labs and the benchmarks; to be sourced after stack/temporary_stack.sh.
#
# stack_fresh is the beginning of every measurement: no service runs, the tables are empty, the
# topic is new. A service that is started then has the settings that the measurement names, and its
# defaults.

STACK_TOPICS=0 # made so far

# stack_open NAME CONNECTIONS: a temporary stack whose PostgreSQL allows that many connections; no
# service runs then.
stack_open() {
	temporary_stack_open "$1"
	temporary_stack_start
	export PGPASSFILE=$RUN_DIR/pgpass KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:$KAFKA_PORT
	STACK_URL=postgresql://lab@127.0.0.1:$PG_PORT/lab
	stack_stop
	stack_sql "alter system set max_connections = $2"
	nice -n "$TEMPORARY_STACK_NICE" "$REPO_DIR/sql/cluster.sh" restart >/dev/null
}

# stack_sql SQL: runs it as the owner of the database and prints what it selects.
stack_sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$STACK_URL" <<<"$1" ||
		die "PostgreSQL refused: $1"
}

# stack_stop: no service runs.
stack_stop() {
	temporary_stack scale 0
	temporary_stack scale-orders 1
	process_stop order-service 10
}

# stack_fresh PARTITIONS: empty tables and a new topic with so many partitions: KAFKA_TOPIC.
stack_fresh() {
	stack_stop
	stack_sql "select 'truncate ' || string_agg(format('%I.%I', schemaname, tablename), ', ')
		|| ' restart identity' from pg_tables where schemaname in ('orders', 'delivery') \\gexec
		checkpoint;"
	STACK_TOPICS=$((STACK_TOPICS + 1))
	export KAFKA_TOPIC=load.$STACK_TOPICS
	stack_topic "$KAFKA_TOPIC" "$1"
}

# stack_topic NAME PARTITIONS: makes a topic.
stack_topic() {
	"$REPO_DIR/kafka/topics.sh" create "$1" "$2" >/dev/null
}

# stack_orders COUNT [SETTING=VALUE...]: that many order-services, ready.
stack_orders() {
	local count=$1
	shift
	(($# == 0)) || local -x "$@"
	temporary_stack scale-orders "$count"
}

# stack_delivery REPLICAS [SETTING=VALUE...]: that many delivery-services, ready.
stack_delivery() {
	local replicas=$1
	shift
	(($# == 0)) || local -x "$@"
	temporary_stack scale "$replicas"
}

# stack_metric NAME PORT...: prints the sum of the services' sample; a service that does not answer
# has 0.
stack_metric() {
	local name=$1 port
	for port in "${@:2}"; do
		curl -s --noproxy '*' --max-time 2 "http://127.0.0.1:$port/metrics" || true
	done | awk -v name="$name" '$1 == name { sum += $2 } END { printf "%.0f", sum }'
}

# stack_check EFFECTS [SETTING=VALUE...]: the history checker finds nothing wrong, and that many
# effects; or die, since a wrong answer is not fast.
stack_check() {
	local effects=$1 found log=$RUN_DIR/log/verify.log
	shift
	env DATABASE_URL="$STACK_URL" WAIT=120 ACKS= "$@" "$BUILD_DIR/verify-history" --json \
		>"$RUN_DIR/verify.json" 2>"$log" ||
		die "the history checker: $(jq -r '.violations[0].kind // "no verdict"' \
			"$RUN_DIR/verify.json" 2>/dev/null) (see $RUN_DIR/verify.json, $log)"
	found=$(jq -r .counts.effects "$RUN_DIR/verify.json")
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
