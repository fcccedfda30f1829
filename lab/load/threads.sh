#!/usr/bin/env bash
# Threads (seed 002): the same events worked by one thread, by several that share each event, and by
# a pool of threads with an event each; under little load, and under more than they can take. The
# work is the seed's: count from 0 to 1000 and print each number. This is what `make lab-threads`
# runs.
#
# usage: lab/load/threads.sh    (no arguments)
#   with each way of working: 100 orders a second for 20 s, then 5,000 a second for 10 s
# env: FULL   1: 100 orders a second for 50 s, as in the seed
#      QUICK  1: a look, with less load
#      KEEP   1: table and plot also go to lab/load/results
#      the ports, RUN_DIR and BUILD_DIR as stack/stack.sh
# Exit status: 0 what the lab promises happened, 1 not so, or something failed.
set -euo pipefail
# shellcheck source=stack/process.sh
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
# shellcheck source=lab/load/load.sh
. "$REPO_DIR/lab/load/load.sh"

readonly CONNECTIONS=100 # of PostgreSQL: more than enough
readonly TOPIC_PARTITIONS=4
readonly IN_WORK=1000 # events at once: a thread that is free always finds one
readonly FIRST=20     # orders before the load: what has just started is slow
readonly APART_MS=7   # of the seed's means under little load, which it calls no difference
declare -rA SEED_MEAN_MS=([low-single-1]=247 [low-split-5]=252 [low-pool-5]=254
	[low-pool-10]=254 [high-single-1]=3041 [high-split-5]=865 [high-pool-5]=801 [high-pool-10]=801)

# settings: the size.
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

# way_text WAY: prints it in words.
way_text() {
	case $1 in
	single-*) printf 'one thread' ;;
	split-*) printf '%s threads share each event' "${1#*-}" ;;
	pool-*) printf 'a pool of %s threads' "${1#*-}" ;;
	esac
}

# has_partitions: delivery-service has them all.
has_partitions() {
	[[ $(stack_metric delivery_partitions "$DELIVERY_PORT") == "$TOPIC_PARTITIONS" ]]
}

# call NAME RATE COUNT: a load; returns when every event of it is done. Sets DONE.
call() {
	sample_start "$1-cpu"
	load_start "$1-orders" RATE="$2" COUNT="$3" ACKS="$ACKS"
	load_wait "$1-orders" "$2 orders a second" "$3"
	[[ $(load_result "$1-orders" .answered) == "$3" ]] ||
		die "not every order was taken, so the ways cannot be compared; see $RUN_DIR/$1-orders.json"
	DONE=$((DONE + $3))
	lab_await "events" "$DONE" stack_metric delivery_events_applied_total "$DELIVERY_PORT"
	sample_end
}

# play WAY: both loads with it.
play() {
	local way=$1
	output_step "$(way_text "$way")"
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
	stack_check "$DONE" ACKS="$ACKS"
	note_times "low-$way" $((FIRST + 1)) $((FIRST + LOW))
	note_times "high-$way" $((FIRST + LOW + 1)) "$DONE"
}

# note_times NAME FIRST LAST: how long the events of these orders took, from the order's row to its
# delivery's; in all, and by the tenth of a second in which they began.
note_times() {
	stack_sql "create temp view event as
		select created_at, applied_at,
			extract(epoch from applied_at - created_at)::float8 * 1000 as ms
		from delivery.history h join orders.orders o on o.id = h.order_id
		where o.id between $2 and $3;
		copy (select json_build_object('mean', avg(ms),
				'p50', percentile_disc(0.5) within group (order by ms),
				'p99', percentile_disc(0.99) within group (order by ms),
				'per_second', count(*) /
					extract(epoch from max(applied_at) - min(created_at)))
			from event) to stdout \\g $RUN_DIR/$1-events.json
		copy (select floor(10 * extract(epoch from
					created_at - (select min(created_at) from event))) / 10, avg(ms)
			from event group by 1 order by 1) to stdout \\g $RUN_DIR/$1-events.tsv"
	output_progress "$(load_result "$1-orders" .answered) orders: $(event_figure "$1" mean) in the mean," \
		"$(load_result "$1-events" '.per_second | round') events a second"
}

# event_figure NAME FIGURE: prints how long the events took.
event_figure() {
	milliseconds "$(load_result "$1-events" ".$2")"
}

# rows LOAD RATE: adds the rows of a load.
rows() {
	local way name
	for way in "${WAYS[@]}"; do
		name=$1-$way
		result_row load="$(grouped "$2")/s" way="$(way_text "$way")" \
			rate="$(grouped "$(load_result "$name-events" '.per_second | round')")" \
			mean="$(event_figure "$name" mean)" p50="$(event_figure "$name" p50)" \
			p99="$(event_figure "$name" p99)" cpu="$(sample_mean "$name-cpu" 2) %" \
			post="$(milliseconds "$(load_result "$name-orders" .answered_ms.p99)")" \
			seed="${SEED_MEAN_MS[$name]} ms"
	done
}

# times_faster WAY: prints how often its mean under much load goes into one thread's.
times_faster() {
	awk -v single="$(load_result high-single-1-events .mean)" \
		-v way="$(load_result "high-$1-events" .mean)" 'BEGIN { printf "%.1f", single / way }'
}

# promises: what must have happened.
promises() {
	local way faster apart
	result_promise 1 "every order is taken: ${#WAYS[@]} x $(grouped "$DONE")"
	result_promise 1 "each of ${#WAYS[@]} x $(grouped "$DONE") events is done once: the history" \
		"checker finds nothing lost, duplicated or out of order"
	# The short form runs beside other tests: its times say nothing.
	[[ $SCALE != short ]] || return 0
	for way in split-5 pool-5; do
		faster=$(times_faster "$way")
		result_promise "$(holds "$faster > 1")" "with more orders than it can take, the mean of" \
			"one thread is longer than that of $(way_text "$way"): $faster times"
	done
	apart=$(for way in "${WAYS[@]}"; do
		load_result "low-$way-events" .p50
	done | sort -g | awk 'NR == 1 { least = $1 } END { print $1 - least }')
	result_promise "$(holds "$apart <= $APART_MS")" "with few orders it makes no difference: the" \
		"p50 are $(milliseconds "$apart") apart; the seed's means, $APART_MS ms"
}

# notes: what the figures do not say.
notes() {
	local cores
	cores=$(nproc)
	[[ $SCALE == full ]] ||
		result_note "Scaled down: $(grouped "$HIGH_RATE") orders a second for $HIGH_SECONDS s and" \
			"$LOW_RATE for $LOW_SECONDS s; in the seed 5,000 for 10 s and 100 for 50 s, as with FULL=1."
	result_note "An event's time is from its order's row to its delivery's: it has waited in the" \
		"outbox, on the topic and for a thread, and it grows with the length of the load. (The seed" \
		"does not say what its figures are the times of.) So compare the ways, not the machines."
	result_note "$cores cores: no more than $cores threads count at a time, and order-service," \
		"PostgreSQL, Kafka and the load need the cores as well. In the seed 5 threads were 3.5" \
		"times faster than one, here $(times_faster split-5) times."
	result_note "The numbers are written one by one, to /dev/null. Read by another process, from a" \
		"pipe, they cost so much more that one thread and its reader keep two cores busy: then more" \
		"threads gain little or nothing."
}

main() {
	local way
	(($# == 0)) || die "usage: lab/load/threads.sh (no arguments)"
	settings
	lab_open "$CONNECTIONS"
	result_columns load=orders way='worked by' rate='events/s' mean=mean p50=p50 p99=p99 \
		cpu='CPU, mean' post='POST p99' seed='the seed: mean'
	output_paragraph "Each order's event takes delivery-service to count from 0 to 1000 and to print" \
		"each number with a write of its own. With each way of working: $LOW_RATE orders a second" \
		"for $LOW_SECONDS s, then $(grouped "$HIGH_RATE") for $HIGH_SECONDS s."
	for way in "${WAYS[@]}"; do
		play "$way"
	done
	rows high "$HIGH_RATE"
	rows low "$LOW_RATE"
	promises
	notes
	result_close "Threads: how long an event took, by when its order was placed"
}

main "$@"
