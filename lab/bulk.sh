#!/usr/bin/env bash
# Bulk load (text 002 of the original lab): 5,000 orders a second for a minute, from callers who do
# not wait for each other, synchronously over HTTP and through Kafka. How many are answered, how many
# too late, and how many are in the database in the end? This is what `make lab-bulk` runs.
#
# usage: lab/bulk.sh    (no arguments)
# env: QUICK  1: a look, with less load
#      FULL   1: the same as without, since the lab has the original's own size
#      KEEP, the ports, RUN_DIR and BUILD_DIR: see lab/load_lab.sh
# Exit status: 0 what the lab promises happened, 1 not so, or something failed.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
. "$REPO_DIR/lab/load_lab.sh"

readonly HTTP=200        # threads, as a Tomcat has: each holds connections to PostgreSQL
readonly HTTP_KAFKA=1000 # here they hold none, and there is one for each kept connection
readonly CONNECTIONS=440 # of PostgreSQL: over HTTP each thread of both services has one
readonly TIMEOUT_S=2

# call NAME: the load, and who watches it.
call() {
	: >"$RUN_DIR/$1-acks.txt"
	sampler_start "$1-cpu"
	load_start "$1" RATE="$RATE" COUNT="$ORDERS" CONNECTIONS="$CALLS_AT_ONCE" \
		TIMEOUT_MS=$((TIMEOUT_S * 1000)) ACKS="$RUN_DIR/$1-acks.txt"
	load_wait "$1" "$ORDERS calls" "$ORDERS"
}

# finish NAME: how many orders have their delivery.
finish() {
	sampler_end
	stack_sql "select json_build_object('done', count(*)) from delivery.delivery" |
		lab_figures "$1-database"
	lab_finished "$1"
}

# settled: no order is being placed any more, and all have their delivery. Looks once a second.
settled() {
	local before=$PLACED
	PLACED=$(stack_sql 'select count(*) from orders.orders')
	if ((PLACED == before)) &&
		((PLACED == $(stack_sql 'select count(*) from delivery.delivery'))); then
		return 0
	fi
	sleep 1
	return 1
}

synchronously() {
	output_step "1. Synchronously, over HTTP"
	output_paragraph "$RATE orders a second for $LOAD_SECONDS s. order-service opens a" \
		"connection to the database, calls delivery-service, which opens another, and answers when" \
		"all is done."
	stack_fresh 1
	stack_orders 1 DISPATCH=http HTTP_THREADS="$HTTP"
	stack_delivery 1 DISPATCH=http HTTP_THREADS="$HTTP" DELIVERY_DELAY_MS=0
	call http
	finish http
}

by_kafka() {
	output_step "2. Kafka"
	output_paragraph "The same load. order-service answers when the order and its event are in the" \
		"database; delivery-service takes the events from Kafka."
	stack_fresh 4
	stack_orders 1 HTTP_THREADS="$HTTP_KAFKA"
	stack_delivery 1 DELIVERY_DELAY_MS=0
	call kafka
	lab_await "deliveries" "$(figure kafka .answered)" delivery_events_applied_total \
		"$DELIVERY_PORT"
	PLACED=0
	wait_until 60 "all orders have their delivery" settled || exit 1
	output_progress "the history checker looks at every order, event and acknowledgement"
	stack_verify "$PLACED" ACKS="$RUN_DIR/kafka-acks.txt"
	finish kafka
}

main() {
	(($# == 0)) || usage
	lab_settings lab-bulk
	RATE=$(lab_scaled 2000 5000 5000)
	LOAD_SECONDS=$(lab_scaled 5 60 60)
	ORDERS=$((RATE * LOAD_SECONDS))
	CALLS_AT_ONCE=$((RATE * TIMEOUT_S)) # if none is answered; each has a connection
	require_open_files $((CALLS_AT_ONCE + 500))
	# The callers would be on other machines: hundreds of busy threads shall not slow them down.
	TEMPORARY_STACK_NICE=10
	lab_open "$CONNECTIONS"
	lab_set rate="$RATE" seconds="$LOAD_SECONDS" orders="$ORDERS" timeout_s="$TIMEOUT_S" \
		threads_http="$HTTP" threads_kafka="$HTTP_KAFKA"
	synchronously
	by_kafka
	lab_result
}

main "$@"
