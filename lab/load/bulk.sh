#!/usr/bin/env bash
# Bulk load (seed 002): 5,000 orders a second for a minute, from callers who do not wait for each
# other, straight over HTTP and through Kafka. How many are answered, how many too late, and how
# many are in the database in the end? This is what `make lab-bulk` runs.
#
# usage: lab/load/bulk.sh    (no arguments)
# env: QUICK  1: a look, with less load
#      FULL   1: the same as without, since the lab has the seed's own size
#      KEEP   1: table and plot also go to lab/load/results
#      the ports, RUN_DIR and BUILD_DIR as stack/stack.sh
# Exit status: 0 what the lab promises happened, 1 not so, or something failed.
set -euo pipefail
# shellcheck source=stack/process.sh
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
# shellcheck source=lab/load/load.sh
. "$REPO_DIR/lab/load/load.sh"

readonly HTTP=200         # threads, as a Tomcat has: each holds connections to PostgreSQL
readonly HTTP_KAFKA=1000  # here they hold none, and there is one for each kept connection
readonly CONNECTIONS=440      # of PostgreSQL: straight over HTTP each thread of both services has one

# settings: the size.
settings() {
	lab_settings lab-bulk
	RATE=$(lab_scaled 2000 5000 5000)
	LOAD_SECONDS=$(lab_scaled 5 60 60)
	TIMEOUT_S=$(lab_scaled 2 2 2)
	ORDERS=$((RATE * LOAD_SECONDS))
	CALLS_AT_ONCE=$((RATE * TIMEOUT_S)) # if none is answered; each has a connection
}

# call NAME: the load, and who watches it.
call() {
	: >"$RUN_DIR/$1-acks.txt"
	sample_start "$1-cpu"
	load_start "$1" RATE="$RATE" COUNT="$ORDERS" CONNECTIONS="$CALLS_AT_ONCE" \
		TIMEOUT_MS=$((TIMEOUT_S * 1000)) ACKS="$RUN_DIR/$1-acks.txt"
	load_wait "$1" "$ORDERS calls" "$ORDERS"
}

# finish NAME WAY SEED: adds the row. Sets DONE to how many orders have their delivery.
finish() {
	local answered errors late
	sample_end
	DONE=$(stack_sql 'select count(*) from delivery.delivery')
	answered=$(load_result "$1" .answered)
	errors=$(load_result "$1" .errors)
	late=$(load_result "$1" .timed_out)
	result_row way="$2" answered="$(grouped "$answered")" refused="$(grouped "$errors")" \
		late="$(grouped "$late")" done="$(grouped "$DONE")" \
		lost="$(grouped $((ORDERS - DONE)))" p50="$(load_result "$1" '.all_ms.p50 | round') ms" \
		p99="$(load_result "$1" '.all_ms.p99 | round') ms" cpu="$(sample_mean "$1-cpu" 2) %" \
		seed="$3"
	output_progress "answered: $(grouped "$answered"), refused: $(grouped "$errors")," \
		"timed out: $(grouped "$late"); in the database: $(grouped "$DONE")"
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

# straight: without Kafka.
straight() {
	output_step "1. Straight over HTTP"
	output_paragraph "$(grouped "$RATE") orders a second for $LOAD_SECONDS s. order-service opens a" \
		"connection to the database, calls delivery-service, which opens another, and answers when" \
		"all is done."
	stack_fresh 1
	stack_orders 1 DISPATCH=http HTTP_THREADS="$HTTP"
	stack_delivery 1 DISPATCH=http HTTP_THREADS="$HTTP" DELIVERY_DELAY_MS=0
	call http
	finish http "straight over HTTP" "time-outs, losses"
	LOST=$((ORDERS - DONE))
	result_promise $((LOST > 0)) \
		"straight over HTTP orders are lost: $(grouped "$LOST") of $(grouped "$ORDERS")"
}

# by_kafka: with it.
by_kafka() {
	output_step "2. Kafka"
	output_paragraph "The same load. order-service answers when the order and its event are in the" \
		"database; delivery-service takes the events from Kafka."
	stack_fresh 4
	stack_orders 1 HTTP_THREADS="$HTTP_KAFKA"
	stack_delivery 1 DELIVERY_DELAY_MS=0
	call kafka
	lab_await "deliveries" "$(load_result kafka .answered)" \
		stack_metric delivery_events_applied_total "$DELIVERY_PORT"
	PLACED=0
	wait_until 60 "all orders have their delivery" settled || exit 1
	finish kafka "Kafka" "nothing lost"
	result_promise $((DONE == ORDERS)) \
		"with Kafka $(grouped "$DONE") of $(grouped "$ORDERS") orders are in the database"
	output_progress "the history checker looks at every order, event and acknowledgement"
	stack_check "$PLACED" ACKS="$RUN_DIR/kafka-acks.txt"
	result_promise 1 "the history checker finds nothing lost, duplicated or out of order"
}

# over_s NAME: prints the seconds that the load took.
over_s() {
	load_result "$1" '.took_ms / 100 | round / 10'
}

# notes: what the figures do not say.
notes() {
	if [[ $SCALE == short ]]; then
		result_note "Scaled down: $(grouped "$RATE") calls a second for $LOAD_SECONDS s, a time-out" \
			"of $TIMEOUT_S s."
	else
		result_note "Nothing is scaled down: 5,000 calls a second for 60 s are the seed's own load." \
			"A call has timed out $TIMEOUT_S s after it was due."
	fi
	result_note "The services and servers run at nice 10, so that the callers, who would be on other" \
		"machines, keep their rate: the last call was over $(over_s http) s (HTTP) and" \
		"$(over_s kafka) s (Kafka) after the first was due."
	result_note "order-service has $HTTP threads straight over HTTP, as a Tomcat has, each with a" \
		"connection to PostgreSQL, and $HTTP_KAFKA with Kafka, which need none."
	result_note "Straight over HTTP more orders are in the database than were answered: they were" \
		"done for callers who had given up, and who will order again. When the load ended, thousands" \
		"of such calls were still waiting in the service."
}

main() {
	(($# == 0)) || die "usage: lab/load/bulk.sh (no arguments)"
	settings
	lab_require_files $((CALLS_AT_ONCE + 500))
	# The callers would be on other machines: hundreds of busy threads shall not slow them down.
	TEMPORARY_STACK_NICE=10
	lab_open "$CONNECTIONS"
	result_columns way="$(grouped "$ORDERS") orders, $(grouped "$RATE")/s" answered=answered \
		refused=refused late='timed out' done='in the database' lost=lost p50='call p50' \
		p99='call p99' cpu='CPU, mean' seed='the seed'
	straight
	by_kafka
	notes
	result_close "Bulk load: calls that were answered, second by second"
}

main "$@"
