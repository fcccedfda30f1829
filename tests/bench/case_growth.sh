# shellcheck shell=bash
# Is the delivery path as fast with large tables as with empty ones? The same backlog on top of
# more and more rows. Not in the default run: it takes long and some GB.

GROWTH_MILLIONS=(0 1 3 10) # deliveries, each with a history row
GROWTH_ORDERS=100000

case_growth() {
	local millions first_order rates i reference=()
	if ((QUICK)); then
		GROWTH_MILLIONS=(0 1) GROWTH_ORDERS=20000
	fi
	stack_fresh 4
	first_order=1000000000 # of the backlogs; what the tables are filled with stays below
	for millions in "${GROWTH_MILLIONS[@]}"; do
		rates=()
		growth_fill "$millions"
		for ((i = 1; i <= REPEAT; i++)); do
			rates+=("$(growth_backlog "$first_order")")
			first_order=$((first_order + GROWTH_ORDERS))
		done
		output_progress "growth: $millions million rows, ${rates[*]} events/s"
		row case=growth name="with $millions million deliveries" unit=events/s better=more \
			values="${rates[*]}" rows_before=$((millions * 1000000)) "${reference[@]}"
		((${#reference[@]} > 0)) || reference=(reference="with none"
			reference_values="${rates[*]}" ratio_target=0.9)
	done
}

# growth_fill MILLIONS: so many million deliveries are there.
growth_fill() {
	local rows=$(($1 * 1000000))
	stack_stop
	stack_sql "with n as (
			select generate_series(coalesce((select max(order_id) from delivery.delivery
				where order_id < 1000000000), 0) + 1, $rows) as n
		), d as (
			insert into delivery.delivery (order_id, version, customer_id, product_id,
				product_name, qty, address, status)
			select n, 1, 1000 + n % 1000, '100', 'RADIO', 3, 'PUSAN', 'DELIVERY STARTED' from n
		)
		insert into delivery.history (order_id, version, event, status, \"partition\",
			\"offset\", replica, received_at)
		select n, 1, 'OrderPlaced', 'DELIVERY STARTED', 0, 0, 'filled', now() from n;
		checkpoint;"
	stack_sql 'vacuum analyze delivery.delivery; vacuum analyze delivery.history'
}

# growth_backlog FIRST_ORDER: prints the events per second of a backlog of new orders.
growth_backlog() {
	local count=$((GROWTH_ORDERS * 3)) first found
	stack_stop
	KAFKA_TOPIC=bench.growth.$1
	stack_topic "$KAFKA_TOPIC" 4
	bench_feed "$GROWTH_ORDERS" FIRST_ORDER="$1"
	stack_delivery 1 DELIVERY_DELAY_MS=0
	bench_await "$DELIVERY_PORT" delivery_events_applied_total "$count"
	first=$(stack_sql "select (extract(epoch from min(received_at)) * 1000000)::int8
		from delivery.history where order_id = $1")
	found=$(stack_sql "select count(distinct (order_id, version)) from delivery.history
		where order_id >= $1")
	((found == count)) || die "effects: $found, not $count"
	per_second "$count" $((AWAIT_US - first))
}
