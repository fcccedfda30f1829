# shellcheck shell=bash
# The order path: POST /orders with keep-alive clients, a thread for each, the relay publishing
# meanwhile, against pgbench, which has as many clients insert the same order and outbox row, one
# commit for each.
#
# The reference is a hard one: pgbench speaks to PostgreSQL directly, in one statement, with no
# HTTP, no relay beside it, and its outbox has no trigger that wakes a relay.

ORDERS_SECONDS=10

case_orders() {
	local clients
	((QUICK == 0)) || ORDERS_SECONDS=3
	stack_sql 'create schema if not exists bench;
		create table if not exists bench.orders (like orders.orders including all)
			with (fillfactor = 85);
		create table if not exists bench.outbox (like orders.outbox including all)'
	for clients in 50 500; do
		orders_of "$clients"
	done
}

# orders_of CLIENTS: its rows.
orders_of() {
	local clients=$1 i result rates=() p50=() p99=() references=() relayed=()
	local rate median slow answers
	for ((i = 1; i <= REPEAT; i++)); do
		stack_fresh 4
		references+=("$(orders_reference "$clients")")
		stack_orders 1 HTTP_THREADS=$((clients + 100))
		result=$(orders_load "$clients")
		read -r rate median slow answers <<<"$result"
		rates+=("$rate")
		p50+=("$median")
		p99+=("$slow")
		relayed+=("$(orders_relayed "$answers")")
		output_progress "orders: $clients clients, $rate orders/s, pgbench ${references[-1]}"
	done
	orders_rows "$clients"
}

# orders_rows CLIENTS: from the variables of orders_of.
orders_rows() {
	local target=28000 ratio_target=()
	if ((clients == 50)); then
		target=22000 ratio_target=(ratio_target=1.3)
	fi
	row case=orders name="$1 clients" unit=orders/s better=more values="${rates[*]}" \
		target="$target" "${ratio_target[@]}" reference="pgbench, a commit for each" \
		reference_values="${references[*]}"
	row case=orders name="$1 clients, p50" unit=ms better=less values="${p50[*]}"
	row case=orders name="$1 clients, p99" unit=ms better=less values="${p99[*]}"
	row case=orders name="$1 clients, on the topic when the load ends" unit=% better=more \
		values="${relayed[*]}"
}

# orders_reference CLIENTS: prints pgbench's transactions per second, connected as it is: its time
# begins before its clients connect.
orders_reference() {
	local log=$RUN_DIR/log/pgbench.log rate
	stack_sql 'truncate bench.orders, bench.outbox restart identity; checkpoint'
	pgbench -n -M prepared -c "$1" -j 2 -T $((ORDERS_SECONDS + $1 / 100)) \
		-f "$REPO_DIR/tests/bench/insert.sql" "$STACK_URL" >"$log" 2>&1 ||
		die "pgbench failed; $(process_last_words "$log")"
	rate=$(sed -n 's/^tps = \([0-9]*\).*/\1/p' "$log")
	[[ -n $rate ]] || die "pgbench has no result; see $log"
	printf '%s' "$rate"
}

# orders_load CLIENTS: prints orders per second, p50 and p99 in ms, and the answers. Every answer
# is an order in the database, or die.
orders_load() {
	local log=$RUN_DIR/log/wrk.log rate p50 p99 errors answers stored
	wrk -t 1 -c "$1" -d "${ORDERS_SECONDS}s" --timeout 20s -s "$REPO_DIR/tests/bench/orders.lua" \
		"http://127.0.0.1:$ORDER_PORT/orders" >"$log" 2>&1 ||
		die "wrk failed; $(process_last_words "$log")"
	read -r rate p50 p99 errors answers < <(sed -n 's/^result //p' "$log") ||
		die "wrk has no result; $(process_last_words "$log")"
	((errors == 0)) || die "wrk: $errors calls of $1 clients failed; see $log"
	stored=$(stack_sql 'select count(*) from orders.orders')
	((stored >= answers)) || die "orders acknowledged: $answers, stored: $stored"
	printf '%s %s %s %s' "$rate" "$(in_thousandths "$p50")" "$(in_thousandths "$p99")" "$answers"
}

# orders_relayed ANSWERS: prints how much of it the relay has published by now, in percent.
orders_relayed() {
	curl -s --noproxy '*' "http://127.0.0.1:$ORDER_PORT/metrics" | awk -v answers="$1" '
		$1 == "relay_published_total" { printf "%.0f", 100 * $2 / answers }'
}
