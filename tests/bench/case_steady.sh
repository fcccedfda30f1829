# shellcheck shell=bash
# A steady load with everything running: orders at 5,000 a second, their events, their deliveries.
# The checker then compares the topic and the tables with what the clients were promised.

readonly STEADY_RATE=5000
STEADY_REQUESTS=300000

case_steady() {
	local i errors=() p50=() p99=() rates=() longest=()
	((QUICK == 0)) || STEADY_REQUESTS=25000
	for ((i = 1; i <= REPEAT; i++)); do
		stack_fresh 4
		stack_orders 1 HTTP_THREADS=600 # more than the connections, so that all are kept
		stack_delivery 1 DELIVERY_DELAY_MS=0
		steady_call
		output_progress "steady: ${rates[-1]} orders/s, errors ${errors[-1]}," \
			"p50 ${p50[-1]} ms, p99 ${p99[-1]} ms, longest ${longest[-1]} ms"
	done
	row case=steady name="$STEADY_REQUESTS orders, errors or lost" unit=errors better=less \
		values="${errors[*]}" target=0
	row case=steady name="orders placed" unit=orders/s better=more values="${rates[*]}" \
		reference="asked for" reference_values="${rates[*]//*/$STEADY_RATE}"
	row case=steady name=p50 unit=ms better=less values="${p50[*]}"
	row case=steady name=p99 unit=ms better=less values="${p99[*]}" target=50
	row case=steady name=longest unit=ms better=less values="${longest[*]}"
}

# steady_call: the load, and what became of it. Adds to the caller's errors, p50, p99, rates and
# longest.
steady_call() {
	local good failed median slow slowest took acks=$RUN_DIR/acks.txt output
	: >"$acks"
	output=$(env PORTS="$ORDER_PORT" RATE="$STEADY_RATE" COUNT="$STEADY_REQUESTS" ACKS="$acks" \
		"$BUILD_DIR/load") || die "the load failed (the reason is above)"
	read -r good failed median slow slowest took < <(jq -r '[.answered, .errors + .timed_out,
		(.answered_ms | .p50, .p99, .longest), .took_ms] | join(" ")' <<<"$output")
	errors+=("$failed")
	p50+=("$median")
	p99+=("$slow")
	longest+=("$slowest")
	rates+=("$(per_second "$good" "${took}000")")
	stack_check "$(stack_sql 'select coalesce(sum(version), 0) from orders.orders')" ACKS="$acks"
}
