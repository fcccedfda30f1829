# shellcheck shell=bash
# Memory and start-up of both services: from exec until /readyz is 200, with database and broker
# there; resident memory when idle; processor time that idling takes.

START_REPEAT=5
START_IDLE_SECONDS=5

case_start() {
	((QUICK == 0)) || START_REPEAT=1 START_IDLE_SECONDS=2
	stack_fresh 4
	start_of order-service "$ORDER_PORT" order_service relay_active
	start_of delivery-service "$DELIVERY_PORT" delivery_service delivery_partitions
}

# start_of PROGRAM PORT ROLE SETTLED: its rows. SETTLED is a metric that is 1 or more when it has
# all that it waits for.
start_of() {
	local program=$1 port=$2 role=$3 settled=$4 i ready=() idle=() cpu=()
	for ((i = 1; i <= START_REPEAT; i++)); do
		start_once
		output_progress "start: $program ready after ${ready[-1]} ms, ${idle[-1]} MB"
	done
	row case=start name="$program, exec to ready" unit=ms better=less values="${ready[*]}"
	row case=start name="$program, resident when idle" unit=MB better=less values="${idle[*]}" \
		quoted="the lab's Spring services 440 to 650 MB"
	row case=start name="$program, processor when idle" unit="ms/s" better=less \
		values="${cpu[*]}"
}

# start_once: starts and stops it. Adds to the caller's ready, idle and cpu.
start_once() {
	local begun now ticks
	begun=${EPOCHREALTIME/[.,]/}
	process_start bench-start - env HTTP_PORT="$port" \
		DATABASE_URL="postgresql://$role@127.0.0.1:$PG_PORT/lab" "$BUILD_DIR/$program"
	now=$(env PORT="$port" INTERVAL_US=500 "$BUILD_DIR/tests/bench-await") ||
		die "$program is not ready; $(process_last_words "$RUN_DIR/log/bench-start.log")"
	ready+=("$(in_thousandths $((${now%% *} - begun)))")
	bench_await "$port" "$settled" 1
	idle+=("$(bench_memory bench-start VmRSS)")
	process_pid bench-start
	ticks=$(start_ticks "$PROCESS_PID")
	sleep "$START_IDLE_SECONDS" # what is measured is a time of idling
	cpu+=("$(awk -v ticks=$(($(start_ticks "$PROCESS_PID") - ticks)) \
		-v s="$START_IDLE_SECONDS" -v hz="$(getconf CLK_TCK)" \
		'BEGIN { printf "%.1f", ticks * 1000 / hz / s }')")
	process_stop bench-start 10
}

# start_ticks PID: prints the processor time that it has had, in clock ticks.
start_ticks() {
	awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"
}
