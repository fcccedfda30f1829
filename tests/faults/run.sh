#!/usr/bin/env bash
# The fault runner: a temporary stack under load, while a plan that the seed decides kills, stops
# and pauses its processes, and a verdict on what became of every operation that was acknowledged.
# This is what `make faults` runs.
#
# usage: tests/faults/run.sh           runs
#        tests/faults/run.sh --plan    only shows what would be broken, and when
# env: SEED      decides about the faults and the operations (1)
#      DURATION  seconds under load (60)
#      MODE      keyed    key = order id, four partitions from the start, SEQUENCING=off
#                unkeyed  no key, partitions added under load, SEQUENCING=enforce
#                growing  key = order id, partitions added under load, SEQUENCING=enforce
#      PROCESSING_ORDER  partition, key or unordered (partition). unordered by itself keeps no
#                order, and the checker would rightly say so: then keyed has SEQUENCING=enforce
#      BROKERS   1; 3: any of them is broken, two at a time too
#      CLIENTS, RATE   clients (8), and operations per second of all of them together (100)
#      DELIVERY_DELAY_MS (5; 200 with key and unordered, so that there are gaps),
#      MAX_CONCURRENCY (64), and the other settings of the services; the ports and RUN_DIR as
#      stack/stack.sh; BUILD_DIR (build)
# Exit status: 0 no violation; 1 a violation, or it could not run.
set -euo pipefail
# shellcheck source=stack/process.sh
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
# shellcheck source=lab/terminal_output.sh
. "$REPO_DIR/lab/terminal_output.sh"
# shellcheck source=stack/temporary_stack.sh
. "$REPO_DIR/stack/temporary_stack.sh"
# shellcheck source=tests/faults/plan.sh
. "$REPO_DIR/tests/faults/plan.sh"
# shellcheck source=tests/faults/nemesis.sh
. "$REPO_DIR/tests/faults/nemesis.sh"
# shellcheck source=tests/faults/verdict.sh
. "$REPO_DIR/tests/faults/verdict.sh"

readonly ORDERS=2
readonly LONG_SECONDS=600 # a run of that length sees the topic grow once more
CLIENTS_PID=
declare -A UNSETTLED=() # services whose process may be another one than KNOWN says
declare -A KNOWN=()     # pid of each service

# usage: the usage lines of this file, to stderr; exit 2.
usage() {
	sed -n '6,7s/^# //p' "$0" >&2
	exit 2
}

# settings: what the environment gives, checked, and what the mode says.
settings() {
	: "${SEED:=1}" "${DURATION:=60}" "${MODE:=keyed}" "${CLIENTS:=8}" "${RATE:=100}"
	: "${PROCESSING_ORDER:=partition}" "${MAX_CONCURRENCY:=64}" "${BROKERS:=1}"
	require_number SEED 0 999999999
	require_number DURATION 5 86400
	require_number CLIENTS 1 64
	require_number RATE 1 100000
	SEED=$((10#$SEED)) DURATION=$((10#$DURATION)) GROWTH=(2 5)
	((DURATION < LONG_SECONDS)) || GROWTH+=(7)
	EVENT_KEY=order-id SEQUENCING=enforce PARTITIONS=1 DUPLICATES_TO=any
	case $MODE in
	keyed) SEQUENCING=off PARTITIONS=4 DUPLICATES_TO=same GROWTH=() ;;
	unkeyed) EVENT_KEY=none ;;
	growing) ;;
	*) die "MODE='$MODE' is not one of keyed, unkeyed, growing" ;;
	esac
	case $PROCESSING_ORDER in
	partition) : "${DELIVERY_DELAY_MS:=5}" ;;
	key) : "${DELIVERY_DELAY_MS:=200}" ;;
	unordered)
		: "${DELIVERY_DELAY_MS:=200}"
		SEQUENCING=enforce
		;;
	*) die "PROCESSING_ORDER='$PROCESSING_ORDER' is not one of partition, key, unordered" ;;
	esac
	[[ $BROKERS == [13] ]] || die "BROKERS='$BROKERS' is not 1 or 3"
	export SEED CLIENTS RATE BROKERS DELIVERY_DELAY_MS MAX_CONCURRENCY PROCESSING_ORDER EVENT_KEY \
		SEQUENCING PARTITIONS DUPLICATES_TO
	BUILD_DIR=$(cd "$REPO_DIR" && realpath -m -s -- "${BUILD_DIR:-build}")
	export BUILD_DIR
	if [[ -n ${SANITIZE-} ]]; then
		export ASAN_OPTIONS=abort_on_error=1:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
	fi
}

# services: sets SERVICES to the names of the services that shall run.
services() {
	local number
	SERVICES=(order-service order-service-2)
	for ((number = 1; number <= REPLICAS; number++)); do
		SERVICES+=("delivery-$number")
	done
}

# start: the stack, the load, and what the faults need.
start() {
	local program name
	for program in order-clients tests/fault-duplicates verify-history; do
		[[ -x $BUILD_DIR/$program ]] ||
			die "$program is not in $BUILD_DIR: type make all faults-build first"
	done
	temporary_stack_start
	temporary_stack scale-orders "$ORDERS"
	temporary_stack scale "$REPLICAS"
	output_progress "$ORDERS order-services and $REPLICAS delivery-services are ready"
	export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:$KAFKA_PORT
	# shellcheck disable=SC2153 # not ORDER_PORTS
	export ORDER_PORTS=$ORDER_PORT,$((ORDER_PORT + 100)) ACKS=$RUN_DIR/acks.txt
	nemesis_open
	services
	for name in "${SERVICES[@]}" "${SERVERS[@]}"; do
		process_pid "$name" || die "$name does not run"
		KNOWN[$name]=$PROCESS_PID
	done
	: >"$ACKS"
	"$BUILD_DIR/order-clients" >"$RUN_DIR/log/clients.log" 2>&1 </dev/null &
	CLIENTS_PID=$!
}

# watch: whatever no fault is at work on runs, and is the process that it was.
watch() {
	local name was
	for name in "${SERVICES[@]}" "${SERVERS[@]}"; do
		if is_busy "$name"; then
			UNSETTLED[$name]=1
			continue
		fi
		was=${KNOWN[$name]-}
		process_pid "$name" || true
		KNOWN[$name]=$PROCESS_PID
		if [[ -n $PROCESS_PID && (-n ${UNSETTLED[$name]-} || $PROCESS_PID == "$was") ]]; then
			UNSETTLED[$name]=
			continue
		fi
		violation "$name ended by itself (pid $was);" \
			"$(process_last_words "$RUN_DIR/log/$name.log")"
		job_start "$name" heal_process "$name"
	done
	kill -0 "$CLIENTS_PID" 2>/dev/null ||
		die "the clients have ended; $(process_last_words "$RUN_DIR/log/clients.log")"
}

# watch_until HUNDREDTHS: until that time of the run, with a look at the services now and then.
watch_until() {
	local left
	while clock_cs && left=$((OUTPUT_START_CS + $1 - CLOCK_CS)) && ((left > 0)); do
		wait_cs $((left < 50 ? left : 50))
		watch
	done
}

# load: the plan, from its first fault to the end of the time.
load() {
	local entry at kind target number
	clock_cs
	OUTPUT_START_CS=$CLOCK_CS
	for entry in "${PLAN[@]}"; do
		read -r at kind target number <<<"$entry"
		watch_until "$at"
		fault_begin "$kind" "$target" "$number"
	done
	watch_until $((DURATION * 100))
}

# mend: nothing is broken any more.
mend() {
	local name
	output_progress "the time is over: mending, finishing the operations that are on their way"
	jobs_end
	watch
	jobs_end
	for name in "${SERVERS[@]}"; do
		heal_process "$name"
	done
	heal_process order-service
	heal_process replicas
}

# clients_end: no more operations, and those on their way until they are known.
clients_end() {
	kill -s TERM "$CLIENTS_PID" 2>/dev/null || true
	wait "$CLIENTS_PID" || true
	CLIENTS_PID=
}

# close_run: at the end, however it came: nothing stays behind.
close_run() {
	trap '' HUP INT TERM
	set +e
	[[ -z $CLIENTS_PID ]] || clients_end
	if [[ -n ${HURRY-} ]]; then
		jobs_hurry
		jobs_end
	fi
	temporary_stack_close
}

main() {
	[[ $# == 0 || $* == --plan ]] || usage
	settings
	plan_draw "$SEED" "$DURATION" "${GROWTH[@]}"
	if [[ $* == --plan ]]; then
		plan_show
		return
	fi
	REPLICAS=$PLAN_REPLICAS_AT_FIRST
	mapfile -t SERVERS < <(printf 'postgres\n' && seq -f 'kafka-%.0f' "$BROKERS")
	say "seed $SEED, mode $MODE, order $PROCESSING_ORDER, $DURATION s," \
		"faults planned: ${#PLAN[@]}"
	temporary_stack_open faults
	trap close_run EXIT
	start
	load
	mend
	clients_end
	verdict
}

main "$@"
