# shellcheck shell=bash
# Six thousand keep-alive clients at once, by hey, against order-service with its default settings.

CLIENTS=6000
CLIENTS_REQUESTS=60000

case_clients() {
	local i errors=() p99=() rates=()
	if ((QUICK)); then
		CLIENTS=2000 CLIENTS_REQUESTS=20000
	fi
	for ((i = 1; i <= REPEAT; i++)); do
		stack_fresh 4
		stack_orders 1
		clients_call
		output_progress "clients: $CLIENTS, errors ${errors[-1]}, p99 ${p99[-1]} s," \
			"${rates[-1]} orders/s"
	done
	row case=clients name="$CLIENTS keep-alive clients, errors" unit=errors better=less \
		values="${errors[*]}" target=0 quoted="civetweb, 50 threads: 30 %"
	row case=clients name="$CLIENTS keep-alive clients, p99" unit=s better=less \
		values="${p99[*]}" target=1.5
	row case=clients name="$CLIENTS keep-alive clients" unit=orders/s better=more \
		values="${rates[*]}"
}

# clients_call: hey calls. Adds to the caller's errors, p99 and rates.
clients_call() {
	local log=$RUN_DIR/log/hey.log good stored
	hey -n "$CLIENTS_REQUESTS" -c "$CLIENTS" -m POST -T application/json -d \
		'{"customerId":2000,"productId":"100","productName":"RADIO","qty":3,"address":"PUSAN"}' \
		"http://127.0.0.1:$ORDER_PORT/orders" >"$log" 2>&1 ||
		die "hey failed; $(process_last_words "$log")"
	good=$(awk '$1 == "[201]" { print $2 }' "$log")
	errors+=($((CLIENTS_REQUESTS - ${good:-0})))
	p99+=("$(awk '$1 == "99%" { print $3 }' "$log")")
	rates+=("$(awk '$1 == "Requests/sec:" { printf "%d", $2 }' "$log")")
	[[ ${p99[-1]} ]] || p99[-1]=20 # hey's time-out: hardly anything was answered
	stored=$(stack_sql 'select count(*) from orders.orders')
	((stored >= ${good:-0})) || die "orders acknowledged: $good, stored: $stored"
}
