#!/usr/bin/env bash
# Bulk load (text 002 of the original lab): 5,000 orders a second for a minute, from callers who do
# not wait for each other, synchronously over HTTP in three ways (lab_way of lab/load_lab.sh) and
# through Kafka. How many are answered, how many too late, and how many are in the database in the
# end? And what becomes of a load that is easy while delivery-service is away? This is what
# `make lab-bulk` runs.
#
# usage: lab/bulk.sh    (no arguments)
# env: QUICK  1: a look, with less load
#      FULL   1: the same as without, since the lab has the original's own size
#      KEEP, the ports, RUN_DIR and BUILD_DIR: see lab/load_lab.sh
# Exit status: 0 what the lab promises happened, 1 not so, or something failed.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
. "$REPO_DIR/lab/load_lab.sh"

readonly CONNECTIONS=440 # of PostgreSQL: without a pool each thread of both services has one
readonly TIMEOUT_S=2

# call NAME RATE COUNT: the load, and who watches it.
call() {
	: >"$RUN_DIR/$1-acks.txt"
	sampler_start "$1-cpu"
	load_start "$1" RATE="$2" COUNT="$3" CONNECTIONS="$(($2 * TIMEOUT_S))" \
		TIMEOUT_MS=$((TIMEOUT_S * 1000)) ACKS="$RUN_DIR/$1-acks.txt"
}

# finish NAME COUNT: how many orders have their delivery.
finish() {
	load_wait "$1" "$2 calls" "$2"
	# A process that was started again has begun to count again.
	[[ $1 != kafka ]] || lab_await "deliveries" "$(figure "$1" .answered)" \
		delivery_events_applied_total "$DELIVERY_PORT"
	if [[ $1 == kafka* ]]; then
		PLACED=0
		wait_until 60 "all orders have their delivery" settled || exit 1
		output_progress "the history checker looks at every order, event and acknowledgement"
		stack_verify "$PLACED" ACKS="$RUN_DIR/$1-acks.txt"
	fi
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

# begin WAY: its services.
begin() {
	lab_way "$1"
	stack_fresh 4
	stack_orders 1 "${LAB_WAY[@]}"
	stack_delivery 1 "${LAB_WAY[@]}" DELIVERY_DELAY_MS=0
}

# play WAY: the whole load.
play() {
	begin "$1"
	call "$1" "$RATE" "$ORDERS"
	finish "$1" "$ORDERS"
}

# play_away WAY: a load that is easy, and delivery-service is away for a part of it.
play_away() {
	begin "$1"
	call "$1-away" "$AWAY_RATE" "$AWAY_ORDERS"
	sleep "$AWAY_SECONDS" # the load goes on as long as before, without it, and afterwards
	stack_delivery 0
	sleep "$AWAY_SECONDS"
	stack_delivery 1 "${LAB_WAY[@]}" DELIVERY_DELAY_MS=0
	finish "$1-away" "$AWAY_ORDERS"
}

main() {
	(($# == 0)) || usage
	lab_settings lab-bulk
	RATE=$(lab_scaled 2000 5000 5000)
	LOAD_SECONDS=$(lab_scaled 5 60 60)
	ORDERS=$((RATE * LOAD_SECONDS))
	AWAY_SECONDS=$(lab_scaled 2 5 5)
	AWAY_RATE=$(lab_scaled 200 1000 1000)
	AWAY_ORDERS=$((4 * AWAY_SECONDS * AWAY_RATE))
	require_open_files $((RATE * TIMEOUT_S + 500)) # if none is answered, each call has a connection
	# The callers would be on other machines: hundreds of busy threads shall not slow them down.
	TEMPORARY_STACK_NICE=10
	lab_open "$CONNECTIONS"
	lab_set rate="$RATE" seconds="$LOAD_SECONDS" orders="$ORDERS" timeout_s="$TIMEOUT_S" \
		away_rate="$AWAY_RATE" away_seconds="$AWAY_SECONDS" away_orders="$AWAY_ORDERS"
	output_step "1. Synchronously, over HTTP: a connection for each request"
	output_paragraph "$RATE orders a second for $LOAD_SECONDS s. order-service opens a connection to" \
		"the database, calls delivery-service, which opens another, and answers when all is done."
	play http
	output_step "2. The same with pools of connections, as a Spring service has them"
	play pool
	output_step "3. The same with group commit: orders that wait share a transaction and a call"
	play group
	output_step "4. Kafka"
	output_paragraph "order-service answers when the order and its event are in the database;" \
		"delivery-service takes the events from Kafka."
	play kafka
	output_step "5. $AWAY_RATE orders a second; delivery-service is away for $AWAY_SECONDS s"
	play_away group
	play_away kafka
	lab_result
}

main "$@"
