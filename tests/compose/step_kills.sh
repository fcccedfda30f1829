# shellcheck shell=bash
# The step kills: under load, more and fewer replicas, and each container killed and started again.
# To be sourced after tests/compose/load.sh.

step_kills() {
	local service
	output_step "kills: each container killed under load, and started again"
	project_use "$PROJECT"
	export DELIVERY_DELAY_MS=5 MAX_CONCURRENCY=64 PARTITIONS=4
	up --scale delivery-service=2
	load_begin
	scale_to 4 1
	scale_to 2 2
	for service in order-service delivery-service kafka postgres; do
		kill_under_load "$service"
	done
	expect_history load_check
	unset DELIVERY_DELAY_MS MAX_CONCURRENCY PARTITIONS
	project_down "$PROJECT"
}

# scale_to REPLICAS PARTITIONS_EACH: under load.
scale_to() {
	up --scale "delivery-service=$1" delivery-service
	expect "scaled to $1 replicas under load in $UP_MS ms, each has $2 of 4 partitions" \
		wait_until 30 "each has $2" partitions_each "$1" "$2"
	load_flows 50
}

# kill_under_load SERVICE: docker compose kill, and up again.
kill_under_load() {
	compose kill -s KILL "$1"
	up --scale delivery-service=2
	output_progress "$1 killed; all is healthy again $UP_MS ms after docker compose up"
	load_flows 100
	wait_until 60 "deliveries go on" delivered "$(sql 'select max(id) from orders.orders')"
}

# delivered ORDER: it has a delivery.
delivered() { [[ -n $(sql "select 1 from delivery.delivery where order_id = $1") ]]; }
