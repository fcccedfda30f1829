#!/usr/bin/env bash
# Load levelling (text 000 of the original lab): the same burst of orders, each of which costs a
# processor some time, synchronously over HTTP and through Kafka. The point is what becomes of an
# innocent caller, who only wants to see an order. `make lab-levelling` runs it.
#
# usage: lab/levelling.sh    (no arguments)
#   1. Synchronously, over HTTP: an answer comes when the work is done. With a connection for each
#      request, with pools, with group commit (lab_way of lab/load_lab.sh).
#   2. Kafka, one partition, one consumer, one event at a time.
#   3. Four partitions: with one consumer, then with as many consumers, who join while it works.
#   4. One consumer that works on as many orders at once as there are processors.
# env: FULL   1: a second of work for each order, and only the original's ways; an hour
#      QUICK  1: a look, with less work
#      KEEP, the ports, RUN_DIR and BUILD_DIR: see lab/load_lab.sh
# Exit status: 0 what the lab promises happened, 1 not so, or something failed.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
. "$REPO_DIR/lab/load_lab.sh"

readonly CONNECTIONS=440 # of PostgreSQL: over HTTP each user has two at most
readonly PARTITIONS_MANY=4

settings() {
	lab_settings lab-levelling
	ORDERS=$(lab_scaled 200 1000 1000)
	USERS=$(lab_scaled 20 100 100)
	THREADS=$(lab_scaled 12 64 64) # of order-service, for its callers; 64 is its default
	WORK_MS=$(lab_scaled 20 50 1000)
	WORKING=(DELIVERY_WORK=cpu DELIVERY_DELAY_MS="$WORK_MS" DELIVERY_DELAY_ON=OrderPlaced)
}

# place_first: the order that the innocent caller looks at, and its delivery.
place_first() {
	curl -f -s -S -o /dev/null --noproxy '*' --max-time 30 --json \
		'{"customerId":1000,"productId":"100","productName":"TV","qty":3,"address":"SEOUL"}' \
		"$SCHEME://127.0.0.1:$ORDER_PORT/orders" || die "the first order could not be placed"
	wait_until 30 "the first order has its delivery" first_delivered || exit 1
}

first_delivered() { [[ $(stack_sql 'select count(*) from delivery.history') == 1 ]]; }

# begin NAME: the load of a scenario, and those who watch it; sets STARTED to when it began.
begin() {
	place_first
	NAME=$1
	sampler_start "$NAME-cpu"
	innocent_start "$NAME-innocent"
	STARTED=$(date +%s.%N)
	load_start "$NAME-orders" RATE=0 COUNT="$ORDERS" CONNECTIONS="$USERS" TIMEOUT_MS=600000
	load_wait "$NAME-orders" "orders" "$ORDERS"
}

# await_deliveries ORDERS: until so many have theirs, by the consumers' own count.
await_deliveries() {
	local ports
	mapfile -t ports < <(seq "$DELIVERY_PORT" $((DELIVERY_PORT + PARTITIONS_MANY - 1)))
	lab_await "deliveries" "$1" delivery_events_applied_total "${ports[@]}"
}

# finish [JOINED]: all have a delivery. Notes when, and the longest pause before and after JOINED.
finish() {
	innocent_end
	sampler_end
	stack_sql_file lab/sql/all_done.sql started="$STARTED" joined="${1-0}" |
		lab_figures "$NAME-done"
	lab_finished "$NAME"
}

# --- the scenarios ------------------------------------------------------------------------------

# synchronously NAME WAY [SETTING=VALUE...]: the settings are order-service's.
synchronously() {
	lab_way "$2"
	stack_fresh 1
	stack_orders 1 "${LAB_WAY[@]}" DELIVERY_TIMEOUT_MS=600000 "${@:3}"
	stack_delivery 1 "${LAB_WAY[@]}" "${WORKING[@]}"
	begin "$1"
	finish
}

by_kafka() {
	stack_fresh "$2"
	stack_orders 1 HTTP_THREADS="$THREADS"
	stack_delivery 1 "${@:3}" "${WORKING[@]}"
	begin "$1"
}

all_by_kafka() {
	by_kafka "$@"
	await_deliveries $((ORDERS + 1))
	finish
}

# consumers_join: see 3. of the usage above: they join when a quarter is done.
consumers_join() {
	local joined
	by_kafka kafka-4-4 "$PARTITIONS_MANY" WORKERS=1
	await_deliveries $((ORDERS / 4))
	joined=$(date +%s.%N)
	stack_delivery "$PARTITIONS_MANY" WORKERS=1 "${WORKING[@]}"
	output_progress "$((PARTITIONS_MANY - 1)) more consumers have joined"
	await_deliveries $((ORDERS + 1))
	finish "$joined"
}

main() {
	(($# == 0)) || usage
	settings
	lab_open "$CONNECTIONS"
	lab_set orders="$ORDERS" users="$USERS" threads="$THREADS" work_ms="$WORK_MS" \
		partitions="$PARTITIONS_MANY"
	output_step "1. Synchronously, over HTTP"
	output_paragraph "$USERS users place $ORDERS orders. order-service calls delivery-service and" \
		"answers when the work, $WORK_MS ms of a processor for each order, is done. First with" \
		"$THREADS threads for its callers, which the users take; without FULL=1 then with 200, with" \
		"a pool of ten connections, as a Spring service has them, and with group commit."
	synchronously http http HTTP_THREADS="$THREADS"
	((FULL)) || synchronously http-more http
	((FULL)) || synchronously pool pool
	((FULL)) || synchronously group group
	output_step "2. Kafka: one partition, one consumer, one at a time"
	output_paragraph "The same orders. order-service answers when an order is in the database;" \
		"delivery-service takes the events one by one."
	all_by_kafka kafka-1 1 WORKERS=1
	output_step "3a. Kafka: $PARTITIONS_MANY partitions, still one consumer"
	all_by_kafka kafka-4-1 "$PARTITIONS_MANY" WORKERS=1
	output_step "3b. Kafka: $PARTITIONS_MANY partitions, and as many consumers join"
	consumers_join
	if ((!FULL)); then
		output_step "4. Kafka: one partition, one consumer, as many orders at once as processors"
		all_by_kafka kafka-key 1 WORKERS=0 PROCESSING_ORDER=key MAX_CONCURRENCY="$USERS"
	fi
	lab_result
}

main "$@"
