# shellcheck shell=bash
# From a POST until its delivery is in the database, at low load: orders one after the other, the
# row asked for every 0.2 ms.

VISIBLE_ORDERS=300
readonly VISIBLE_BEFORE=500 # not measured: Java compiles what the broker does often only then

case_visible() {
	local i p50=() p99=() answer=() times
	for ((i = 1; i <= REPEAT; i++)); do
		stack_fresh 4
		stack_orders 1
		stack_delivery 1 DELIVERY_DELAY_MS=0
		visible_orders "$VISIBLE_BEFORE" >/dev/null
		times=$(visible_orders "$VISIBLE_ORDERS")
		answer+=("$(visible_percentile 1 50 <<<"$times")")
		p50+=("$(visible_percentile 2 50 <<<"$times")")
		p99+=("$(visible_percentile 2 99 <<<"$times")")
		output_progress "visible: p50 ${p50[-1]} ms, p99 ${p99[-1]} ms; POST alone ${answer[-1]} ms"
	done
	row case=visible name="POST to row, p50" unit=ms better=less values="${p50[*]}" target=3 \
		reference="POST to its answer" reference_values="${answer[*]}"
	row case=visible name="POST to row, p99" unit=ms better=less values="${p99[*]}" target=10
}

# visible_orders COUNT: prints microseconds to the answer and to the row, a line each.
visible_orders() {
	env PORT="$ORDER_PORT" DATABASE_URL="$BENCH_DELIVERY_URL" COUNT="$1" \
		"$BUILD_DIR/tests/bench-visible" || die "orders could not be followed (the reason is above)"
}

# visible_percentile COLUMN PERCENT: prints it of the lines on stdin, in ms.
visible_percentile() {
	sort -n -k "$1,$1" | awk -v column="$1" -v percent="$2" '
		{ us[NR] = $column }
		END { rank = NR * percent / 100; rank = rank > int(rank) ? int(rank) + 1 : rank
			printf "%.3f", us[rank] / 1000 }'
}
