# shellcheck shell=bash
# Key order: orders with three events each, a long work on each modification. Events of one order
# wait for each other, those of different orders do not; everything is in the database, and the
# history checker proves every order's history each time. The ideal is one work's time.

case_key() {
	local parallel='Parallel Consumer' kpipe=KPipe none='without a database'
	if ((QUICK)); then
		key_of 1000 1000 1.6 25 ''
		key_of 5000 100 3 '' ''
		return
	fi
	key_of 1000 10000 10.6 25 "$none: $parallel 11.4 s, 305 MB; $kpipe 10.6 s, 135 MB"
	key_of 20000 100 3 '' "$none: $parallel 3.5 s, 446 MB; $kpipe 1.9 s, 291 MB" 1.9
	key_of 100000 10000 20 150 ''
}

# key_of ORDERS DELAY_MS TARGET_S TARGET_MB QUOTED [AIM_S]: its rows.
key_of() {
	local orders=$1 delay_ms=$2 i seconds=() peak=() ideals=() name target_mb=() quoted=() aim=()
	for ((i = 1; i <= REPEAT; i++)); do
		key_work
		ideals+=("$(in_thousandths "$delay_ms")")
		output_progress "key: $orders orders x $delay_ms ms in ${seconds[-1]} s," \
			"peak ${peak[-1]} MB"
		stack_check $((orders * 3))
	done
	name="$orders orders x $(awk -v ms="$delay_ms" 'BEGIN { print ms / 1000 }') s"
	[[ -z $4 ]] || target_mb=(target="$4")
	[[ -z $5 ]] || quoted=(quoted="$5")
	[[ -z ${6-} ]] || aim=(aim="$6")
	row case=key name="$name" unit=s better=less values="${seconds[*]}" target="$3" "${aim[@]}" \
		reference=ideal reference_values="${ideals[*]}" "${quoted[@]}"
	row case=key name="$name, peak resident memory" unit=MB better=less values="${peak[*]}" \
		"${target_mb[@]}"
}

# key_work: feeds and works it off. Adds to the caller's seconds and peak.
key_work() {
	stack_fresh 4
	bench_feed "$orders"
	stack_delivery 1 PROCESSING_ORDER=key MAX_CONCURRENCY=100000 DELIVERY_DELAY_MS="$delay_ms" \
		DELIVERY_DELAY_ON=OrderModified
	bench_await "$DELIVERY_PORT" delivery_events_applied_total $((orders * 3))
	seconds+=("$(in_thousandths $(((AWAIT_US - $(bench_first_received_us)) / 1000)))")
	bench_await "$DELIVERY_PORT" relay_published_total $((orders * 3))
	peak+=("$(bench_memory delivery-1 VmHWM)")
}
