#!/usr/bin/env bash
# Load levelling (seed 000): the same burst of orders, each of which costs a processor some time,
# straight over HTTP and through Kafka. What becomes of the orders is one thing; the point is what
# becomes of an innocent caller, who only wants to see an order. This is what `make lab-levelling`
# runs.
#
# usage: lab/load/levelling.sh    (no arguments)
#   1. Straight over HTTP: an answer comes when the work is done.
#   2. Kafka, one partition, one consumer, one event at a time.
#   3. Four partitions: with one consumer, then with as many consumers, who join while it works.
#   4. One consumer that works on as many orders at once as there are processors.
# env: FULL   1: a second of work for each order, as in the seed; an hour
#      QUICK  1: a look, with less work
#      KEEP   1: table and plot also go to lab/load/results
#      the ports, RUN_DIR and BUILD_DIR as stack/stack.sh
# Exit status: 0 what the lab promises happened, 1 not so, or something failed.
set -euo pipefail
# shellcheck source=stack/process.sh
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
# shellcheck source=lab/load/load.sh
. "$REPO_DIR/lab/load/load.sh"

readonly CONNECTIONS=440 # of PostgreSQL: straight over HTTP each user has two at most
readonly PARTITIONS_MANY=4

# settings: the size.
settings() {
	lab_settings lab-levelling
	ORDERS=$(lab_scaled 200 1000 1000)
	USERS=$(lab_scaled 20 100 100)
	THREADS=$(lab_scaled 12 64 64) # of order-service, for its callers; 64 is its default
	WORK_MS=$(lab_scaled 20 50 1000)
	# The short form runs where other things run: it promises less.
	PERCENTILE=$(lab_scaled p50 p99 p99) TOLERANCE=$(lab_scaled 3 1.05 1.05)
	WORKING=(DELIVERY_WORK=cpu DELIVERY_DELAY_MS="$WORK_MS" DELIVERY_DELAY_ON=OrderPlaced)
}

# place_first: the order that the innocent caller looks at, and its delivery.
place_first() {
	curl -f -s -S -o /dev/null --noproxy '*' --max-time 30 --json \
		'{"customerId":1000,"productId":"100","productName":"TV","qty":3,"address":"SEOUL"}' \
		"http://127.0.0.1:$ORDER_PORT/orders" || die "the first order could not be placed"
	wait_until 30 "the first order has its delivery" first_delivered || exit 1
}

# first_delivered: the first order has its delivery.
first_delivered() {
	[[ $(stack_sql 'select count(*) from delivery.history') == 1 ]]
}

# effects: prints how many orders have their delivery, by the consumers' own count.
effects() {
	stack_metric delivery_events_applied_total $(seq "$DELIVERY_PORT" "$LAST_DELIVERY_PORT")
}

# begin NAME: the load of a scenario, and those who watch it; sets STARTED to when it began.
begin() {
	place_first
	NAME=$1
	sample_start "$NAME-cpu"
	innocent_start "$NAME-innocent"
	STARTED=$(date +%s.%N)
	load_start "$NAME-orders" RATE=0 COUNT="$ORDERS" CONNECTIONS="$USERS" TIMEOUT_MS=600000
	load_wait "$NAME-orders" "orders" "$ORDERS"
}

# finish WAY SEED: its end: all orders have their delivery. Adds the row; sets TOOK_S, and FELT_MS,
# which the innocent caller felt.
finish() {
	innocent_end
	sample_end
	TOOK_S=$(stack_sql "select round((extract(epoch from max(applied_at)) - $STARTED)::numeric, 1)
		from delivery.history")
	FELT_MS=$(innocent_ms "$PERCENTILE")
	result_row way="$1" seed="$2" \
		answered="$(load_result "$NAME-orders" '.took_ms / 100 | round / 10') s" \
		done="$TOOK_S s" cpu="$(sample_mean "$NAME-cpu" 2) %" \
		p50="$(milliseconds "$(innocent_ms p50)")" p99="$(milliseconds "$(innocent_ms p99)")" \
		longest="$(milliseconds "$(innocent_ms longest)")"
	output_progress "all orders are done after $TOOK_S s; the innocent caller's p99 is" \
		"$(milliseconds "$(innocent_ms p99)")"
}

# innocent_ms FIGURE: prints p50, p99 or longest of the innocent caller's times.
innocent_ms() {
	load_result "$NAME-innocent" ".all_ms.$1"
}

# await_deliveries: until all orders have theirs.
await_deliveries() {
	lab_await "deliveries" $((ORDERS + 1)) effects
}

# --- the scenarios ------------------------------------------------------------------------------

# straight NAME THREADS WAY SEED: see 1. of the usage above, with that many HTTP threads.
straight() {
	stack_fresh 1
	stack_orders 1 DISPATCH=http DELIVERY_TIMEOUT_MS=600000 HTTP_THREADS="$2"
	stack_delivery 1 DISPATCH=http HTTP_THREADS=$((USERS * 2)) "${WORKING[@]}"
	begin "$1"
	finish "$3" "$4"
}

# straight_both: with as many threads as order-service has by default, which the users take, and
# with more than there are users.
straight_both() {
	output_step "1. Straight over HTTP"
	output_paragraph "$USERS users place $ORDERS orders. order-service calls delivery-service and" \
		"answers when the work, $WORK_MS ms of a processor for each order, is done. First with" \
		"$THREADS threads for its callers, then with $((USERS * 2))."
	straight http "$THREADS" "straight over HTTP, $THREADS threads" "about 2 min, CPU 100 %"
	HTTP_MS=$FELT_MS
	straight http-more $((USERS * 2)) "straight over HTTP, $((USERS * 2)) threads" ""
}

# one_by_one: see 2. of the usage above.
one_by_one() {
	local ideal_s
	output_step "2. Kafka: one partition, one consumer, one at a time"
	output_paragraph "The same orders. order-service answers when an order is in the database;" \
		"delivery-service takes the events one by one."
	stack_fresh 1
	stack_orders 1 HTTP_THREADS="$THREADS"
	stack_delivery 1 WORKERS=1 "${WORKING[@]}"
	begin kafka-1
	await_deliveries
	finish "Kafka: 1 partition, 1 consumer" "n x 1 s, CPU 10 %"
	ideal_s=$((ORDERS * WORK_MS / 1000))
	result_promise "$(holds "$FELT_MS * 10 <= $HTTP_MS")" "the innocent caller's $PERCENTILE is" \
		"at least 10 times better with Kafka: $(milliseconds "$FELT_MS") instead of" \
		"$(milliseconds "$HTTP_MS")"
	result_promise "$(holds "$TOOK_S <= $ideal_s * $TOLERANCE")" "one partition takes n x" \
		"the work: $TOOK_S s for $ORDERS x $WORK_MS ms"
}

# many_partitions: see 3. of the usage above, with one consumer throughout.
many_partitions() {
	output_step "3a. Kafka: $PARTITIONS_MANY partitions, still one consumer"
	stack_fresh "$PARTITIONS_MANY"
	stack_orders 1 HTTP_THREADS="$THREADS"
	stack_delivery 1 WORKERS=1 "${WORKING[@]}"
	begin kafka-4-1
	await_deliveries
	finish "Kafka: $PARTITIONS_MANY partitions, 1 consumer" "no difference"
}

# many_consumers: see 3. of the usage above: they join when a quarter is done.
many_consumers() {
	local joined pause before
	output_step "3b. Kafka: $PARTITIONS_MANY partitions, and as many consumers join"
	stack_fresh "$PARTITIONS_MANY"
	stack_orders 1 HTTP_THREADS="$THREADS"
	stack_delivery 1 WORKERS=1 "${WORKING[@]}"
	begin kafka-4-4
	lab_await "deliveries" $((ORDERS / 4)) effects
	joined=$(date +%s.%N)
	stack_delivery "$PARTITIONS_MANY" WORKERS=1 "${WORKING[@]}"
	output_progress "$((PARTITIONS_MANY - 1)) more consumers have joined"
	await_deliveries
	finish "Kafka: $PARTITIONS_MANY partitions, $((PARTITIONS_MANY - 1)) consumers join" "divided"
	before=$(pause "applied_at < to_timestamp($joined)")
	pause=$(pause "applied_at >= to_timestamp($joined)")
	result_note "When $((PARTITIONS_MANY - 1)) consumers joined, the longest time in which no event" \
		"at all was done was $(milliseconds "$pause"); before, $(milliseconds "$before")."
}

# pause CONDITION: prints the longest time in ms without an effect, among those effects.
pause() {
	stack_sql "select round(max(pause) * 1000, 1) from (
		select extract(epoch from applied_at - lag(applied_at) over (order by applied_at)) as pause,
			applied_at from delivery.history) p where $1"
}

# by_key: see 4. of the usage above.
by_key() {
	output_step "4. Kafka: one partition, one consumer, as many orders at once as processors"
	stack_fresh 1
	stack_orders 1 HTTP_THREADS="$THREADS"
	stack_delivery 1 WORKERS=0 PROCESSING_ORDER=key MAX_CONCURRENCY="$USERS" "${WORKING[@]}"
	begin kafka-key
	await_deliveries
	finish "Kafka: 1 partition, 1 consumer, key order" "-"
}

# notes: what the figures do not say.
notes() {
	[[ $SCALE == full ]] ||
		result_note "Scaled down: an order costs $WORK_MS ms of a processor, not 1 s as in the seed;" \
			"FULL=1 runs it with 1 s, for about an hour."
	result_note "Straight over HTTP the innocent caller waits for one of order-service's threads," \
		"which the users hold while they wait for the work. More threads than users help here, and" \
		"as long as nobody waits longer; PostgreSQL then needs as many connections."
	result_note "With Kafka an answer says that the order is safe, not that its work is done."
	result_note "One consumer leaves all processors but one to the others, here $(nproc) - 1; more" \
		"consumers are done earlier and leave none."
}

main() {
	(($# == 0)) || die "usage: lab/load/levelling.sh (no arguments)"
	settings
	lab_open "$CONNECTIONS"
	LAST_DELIVERY_PORT=$((DELIVERY_PORT + PARTITIONS_MANY - 1))
	result_columns way="$ORDERS orders, $USERS users" answered='all answered' done='all done' \
		cpu='CPU, mean' p50='GET p50' p99='GET p99' longest='GET longest' seed='the seed'
	straight_both
	one_by_one
	many_partitions
	many_consumers
	by_key
	notes
	result_close "Load levelling: what an innocent caller feels"
}

main "$@"
