#!/usr/bin/env bash
# Threads (text 002 of the original lab): the same events worked by one thread, by several that share
# each event, and by a pool of threads with an event each; under little load, and under more than
# they can take. The work is the original's: count from 0 to 1000 and print each number. This is what
# `make lab-threads` runs.
#
# usage: lab/threads.sh    (no arguments)
#   with each way of working: 100 orders a second for 20 s, then 5,000 a second for 10 s
# env: FULL   1: 100 orders a second for 50 s, as in the original
#      QUICK  1: a look, with less load
#      KEEP, the ports, RUN_DIR and BUILD_DIR: see lab/load_lab.sh
# Exit status: 0 what the lab promises happened, 1 not so, or something failed.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
. "$REPO_DIR/lab/load_lab.sh"

readonly CONNECTIONS=100 # of PostgreSQL: more than enough
readonly TOPIC_PARTITIONS=4
readonly IN_WORK=1000 # events at once: a thread that is free always finds one
readonly FIRST=20     # orders before the load: what has just started is slow

settings() {
	lab_settings lab-threads
	WAYS=(single-1 split-5 pool-5 pool-10) # WORKER_MODEL and WORKERS
	[[ $SCALE != short ]] || WAYS=(single-1 split-5 pool-5)
	LOW_RATE=100
	HIGH_RATE=$(lab_scaled 1000 5000 5000)
	LOW_SECONDS=$(lab_scaled 2 20 50)
	HIGH_SECONDS=$(lab_scaled 2 10 10)
	LOW=$((LOW_RATE * LOW_SECONDS))
	HIGH=$((HIGH_RATE * HIGH_SECONDS))
}

has_partitions() {
	[[ $(stack_metric delivery_partitions "$DELIVERY_PORT") == "$TOPIC_PARTITIONS" ]]
}

# call NAME RATE COUNT: a load; returns when every event of it is done. Sets DONE.
call() {
	sampler_start "$1-cpu"
	load_start "$1-orders" RATE="$2" COUNT="$3" ACKS="$ACKS"
	load_wait "$1-orders" "$2 orders a second" "$3"
	[[ $(figure "$1-orders" .answered) == "$3" ]] ||
		die "not every order was taken, so the ways cannot be compared;" \
			"see $RUN_DIR/figures/$1-orders.json"
	DONE=$((DONE + $3))
	lab_await "events" "$DONE" delivery_events_applied_total "$DELIVERY_PORT"
	sampler_end
}

# play WAY: both loads with it.
play() {
	local way=$1
	output_step "$way: worker model and number of threads"
	stack_fresh "$TOPIC_PARTITIONS"
	stack_delivery 1 DELIVERY_WORK=count DELIVERY_DELAY_ON=OrderPlaced WORKER_MODEL="${way%-*}" \
		WORKERS="${way#*-}" PROCESSING_ORDER=key MAX_CONCURRENCY="$IN_WORK" \
		DELIVERY_OUTPUT=/dev/null
	stack_orders 1
	wait_until 30 "delivery-service has its partitions" has_partitions || exit 1
	ACKS=$RUN_DIR/$way-acks.txt
	: >"$ACKS"
	DONE=0
	call "first-$way" "$LOW_RATE" "$FIRST"
	call "low-$way" "$LOW_RATE" "$LOW"
	call "high-$way" "$HIGH_RATE" "$HIGH"
	stack_verify "$DONE" ACKS="$ACKS"
	note_times "low-$way" $((FIRST + 1)) $((FIRST + LOW))
	note_times "high-$way" $((FIRST + LOW + 1)) "$DONE"
	lab_finished "$way"
}

# note_times NAME FIRST LAST: how long the events of these orders took.
note_times() {
	stack_sql_file lab/sql/event_times.sql first="$2" last="$3" >"$RUN_DIR/event_times.txt"
	head -n 1 "$RUN_DIR/event_times.txt" | lab_figures "$1-events"
	tail -n +2 "$RUN_DIR/event_times.txt" >"$RUN_DIR/$1-events.tsv"
}

main() {
	local way
	(($# == 0)) || usage
	settings
	lab_open "$CONNECTIONS"
	lab_set high_rate="$HIGH_RATE" high_seconds="$HIGH_SECONDS" low_rate="$LOW_RATE" \
		low_seconds="$LOW_SECONDS" events=$((FIRST + LOW + HIGH)) ways="${WAYS[*]}"
	output_paragraph "Each order's event takes delivery-service to count from 0 to 1000 and to print" \
		"each number with a write of its own. With each way of working: $LOW_RATE orders a second" \
		"for $LOW_SECONDS s, then $HIGH_RATE for $HIGH_SECONDS s."
	for way in "${WAYS[@]}"; do
		play "$way"
	done
	lab_result
}

main "$@"
