# shellcheck shell=bash
# The step lab: the ordering lab with two delivery-services, unkeyed and keyed. To be sourced after
# tests/compose/load.sh.

readonly LAB_DELAY_MS=3000

step_lab() {
	local others
	output_step "lab: two delivery-services; without keys, then with the order id as key"
	project_use "$PROJECT"
	export DELIVERY_DELAY_MS=$LAB_DELAY_MS
	EVENT_KEY=none up --scale delivery-service=2
	output_progress "all is up and healthy after $UP_MS ms"
	play
	expect "one partition: order $ORDER ends in DELIVERY CANCELLED" \
		ends_in "$ORDER" 'DELIVERY CANCELLED' 'OrderPlaced OrderModified OrderCancelled'
	compose exec -T kafka /opt/kafka/bin/kafka-topics.sh --bootstrap-server kafka:19092 \
		--alter --topic kafka.scaling --partitions 2
	expect "the topic has two partitions, each replica takes one" \
		wait_until 30 "each has one" partitions_each 2 1
	wait_until 10 "order-service knows the new partition" new_partition_known
	play
	expect "without keys, order $ORDER ends in DELIVERY MODIFIED, applied last" \
		ends_in "$ORDER" 'DELIVERY MODIFIED' 'OrderPlaced OrderCancelled OrderModified'
	others=$(containers postgres kafka delivery-service)
	up order-service
	output_progress "order-service is another one, with keys, after $UP_MS ms"
	expect "nothing else was made anew" \
		[ "$others" = "$(containers postgres kafka delivery-service)" ]
	play
	expect "with keys, order $ORDER ends in DELIVERY CANCELLED" \
		ends_in "$ORDER" 'DELIVERY CANCELLED' 'OrderPlaced OrderModified OrderCancelled'
	compose exec -T postgres psql -X -U lab -c 'select * from delivery_table'
	expect "the checker names the order that was lost, and nothing else" checker_names_the_disorder
	unset DELIVERY_DELAY_MS
	project_down "$PROJECT"
}

new_partition_known() {
	[[ $(compose logs order-service) == *'partition count changed from 1 to 2'* ]]
}

# play: KIM places an order, modifies it, and cancels it. Sets ORDER; returns when all is applied.
play() {
	ORDER=$(place | jq .id)
	wait_until 30 "the delivery is started" applied "$ORDER" 1
	curl -f -s -S --max-time 10 -o /dev/null -X PATCH --json '{"address":"SEOUL"}' \
		"http://127.0.0.1:$ORDER_PORT/orders/$ORDER"
	curl -f -s -S --max-time 10 -o /dev/null -X DELETE "http://127.0.0.1:$ORDER_PORT/orders/$ORDER"
	wait_until 60 "all events are applied" applied "$ORDER" 3
}

# applied ORDER COUNT: so many events of the order have had their effect.
applied() {
	[[ $(sql "select count(*) from delivery.history where order_id = $1") == "$2" ]]
}

# ends_in ORDER STATUS EVENTS: the delivery's status, and the events in the order of their effect.
ends_in() {
	local answer
	answer=$(sql "select status || ': ' || (select string_agg(event, ' ' order by id)
		from delivery.history where order_id = $1) from delivery_table where order_id = $1")
	printf '%s\n' "$answer"
	[[ $answer == "$2: $3" ]]
}

# checker_names_the_disorder: of the unkeyed order.
checker_names_the_disorder() {
	local status=0
	compose run --rm -T verify --json >"$RUN_DIR/verify.json" || status=$?
	jq -c '.violations[] | {kind, count}' "$RUN_DIR/verify.json"
	((status == 1)) && [[ $(judged '.violations[0].kind') == "applied out of order" ]] &&
		[[ $(judged '[.violations[].kind | select(test("^lost|duplicated"))] | length') == 0 ]]
}
