# shellcheck shell=bash
# The steps of the test but for the swarm. To be sourced after tests/compose/load.sh.
#
# Each begins with its own data and leaves the project down.

readonly SIZE_MAX_BYTES=100000000
readonly STOP_MAX_MS=1000
readonly OWN_SERVICES=(order-service delivery-service)

# --- images ----------------------------------------------------------------------------------------

# step_images: see run.sh.
step_images() {
	local service
	show_step "images: what is in them, what their containers may do"
	"$REPO_DIR/docker/images.sh" >"$RUN_DIR/images.md"
	cat "$RUN_DIR/images.md"
	project_use "$PROJECT"
	up
	show_progress "all is up and healthy after $UP_MS ms"
	for service in order-service delivery-service tools; do
		expect "$service: less than 100 MB, not root, nothing to work with but itself" \
			image_is_bare "ordering-lab/$service:"
	done
	for service in "${OWN_SERVICES[@]}"; do
		expect "$service: read-only, no capabilities, no new privileges" is_contained "$service"
		expect "$service: the version in its label is its own" label_is_true "$service"
	done
	expect "no password is in an environment, a command, an image or a log" no_password_shows
	for service in "${OWN_SERVICES[@]}"; do
		expect "$service: stops within a second, with exit status 0" stops_soon "$service"
		show_progress "it took $(cat "$RUN_DIR/stop_ms") ms"
	done
	up
	expect "health: without Kafka order-service is not healthy, and takes orders" without_kafka
	project_down "$PROJECT"
}

# image_is_bare IMAGE: by the row of docker/images.sh: read-only, no capabilities, shells, tools,
# setuid files, and a user; and its size.
image_is_bare() {
	local image row='^\| [^|]+ \| [0-9.]+ MB \| [1-9][0-9]*:[1-9][0-9]* \| read-only \| none \| none '
	row+='\| none \| none \| [1-9][0-9]* \|$'
	image=$(compose --profile tools config --images | grep -m 1 -F "$1")
	grep -F "| ${image%:*} " "$RUN_DIR/images.md" | grep -q -E "$row" &&
		(($(docker image inspect -f '{{.Size}}' "$image") < SIZE_MAX_BYTES))
}

# is_contained SERVICE: as the engine runs it; where its processes can be seen, by the kernel, too.
is_contained() {
	local id status
	id=$(containers "$1" | head -n 1)
	[[ $(docker inspect -f '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}
		{{- .HostConfig.SecurityOpt}}' "$id") == 'true [ALL][no-new-privileges:true]' ]]
	[[ -n $ENGINE_OWN ]] || return 0
	status=/proc/$(docker inspect -f '{{.State.Pid}}' "$id")/status
	[[ $(awk '/^Cap(Prm|Eff|Bnd):/ { sum = sum $2 } END { print sum }' "$status") =~ ^0+$ ]]
	grep -q -x $'NoNewPrivs:\t1' "$status"
}

# label_is_true SERVICE
label_is_true() {
	local id
	id=$(containers "$1" | head -n 1)
	[[ $(docker exec "$id" "/usr/bin/$1" --version) == "$1 $(docker inspect \
		-f '{{index .Config.Labels "org.opencontainers.image.version"}}' "$id")" ]]
}

# no_password_shows: none of the three is where anybody may look.
no_password_shows() {
	local passwords ids
	# shellcheck disable=SC2016 # expanded in the container
	passwords=$(compose exec -T postgres bash -c 'for file in /run/secrets/*.password; do
		cat "$file"; echo; done')
	[[ $(grep -c -x '[0-9a-f]\{32\}' <<<"$passwords") == 3 ]]
	mapfile -t ids < <(compose ps -a -q)
	{
		docker inspect "${ids[@]}"
		compose logs
		docker image ls --format '{{.ID}}' --filter 'reference=ordering-lab/*' |
			xargs -n 1 docker history --no-trunc
	} >"$RUN_DIR/shown.txt"
	[[ -s $RUN_DIR/shown.txt ]] && ! grep -F -f <(printf '%s\n' "$passwords") "$RUN_DIR/shown.txt"
}

# without_kafka: and all is healthy again with it.
without_kafka() {
	compose stop -t 5 kafka
	wait_until 30 "order-service is unhealthy" health_is order-service unhealthy
	curl -f -s --max-time 5 -o /dev/null "http://127.0.0.1:$ORDER_PORT/healthz"
	place | jq -e .id >/dev/null
	compose start kafka
	wait_until 60 "order-service is healthy" health_is order-service healthy
}

# stops_soon SERVICE
stops_soon() {
	local id begin
	id=$(containers "$1" | head -n 1)
	clock_cs
	begin=$CLOCK_CS
	docker stop "$id" >/dev/null
	clock_cs
	printf '%s' $(((CLOCK_CS - begin) * 10)) >"$RUN_DIR/stop_ms"
	(((CLOCK_CS - begin) * 10 < STOP_MAX_MS)) &&
		[[ $(docker inspect -f '{{.State.ExitCode}}' "$id") == 0 ]]
}

# --- lab -------------------------------------------------------------------------------------------

readonly LAB_DELAY_MS=3000

# step_lab: see run.sh.
step_lab() {
	local others
	show_step "lab: two delivery-services; without keys, then with the order id as key"
	project_use "$PROJECT"
	export DELIVERY_DELAY_MS=$LAB_DELAY_MS
	EVENT_KEY=none up --scale delivery-service=2
	show_progress "all is up and healthy after $UP_MS ms"
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
	show_progress "order-service is another one, with keys, after $UP_MS ms"
	expect "nothing else was made anew" [ "$others" = "$(containers postgres kafka delivery-service)" ]
	play
	expect "with keys, order $ORDER ends in DELIVERY CANCELLED" \
		ends_in "$ORDER" 'DELIVERY CANCELLED' 'OrderPlaced OrderModified OrderCancelled'
	compose exec -T postgres psql -X -U lab -c 'select * from delivery_table'
	expect "the checker names the inversion, and nothing else" checker_names_inversions
	unset DELIVERY_DELAY_MS
	project_down "$PROJECT"
}

# new_partition_known: by order-service.
new_partition_known() {
	[[ $(compose logs order-service) == *'partition count changed from 1 to 2'* ]]
}

# place: an order; prints the answer.
place() {
	curl -f -s -S --max-time 10 --json '{"customerId":"2000","productId":"100",
		"productName":"RADIO","qty":"3","address":"PUSAN"}' "http://127.0.0.1:$ORDER_PORT/orders"
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

# checker_names_inversions: of the unkeyed order.
checker_names_inversions() {
	local status=0
	compose run --rm -T check --json >"$RUN_DIR/check.json" || status=$?
	jq -c '.violations[] | {kind, count}' "$RUN_DIR/check.json"
	((status == 1)) && [[ $(judged '[.violations[] | select(.kind | test("^lost|doubled"))] | length') == 0 &&
		$(judged '.violations[0].kind') == inverted ]]
}

# --- kills -----------------------------------------------------------------------------------------

# step_kills: see run.sh.
step_kills() {
	local service
	show_step "kills: each container killed under load, and started again"
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
	show_progress "$1 killed; all is healthy again $UP_MS ms after docker compose up"
	load_flows 100
	wait_until 60 "deliveries go on" delivered_all_until "$(sql 'select max(id) from orders.orders')"
}

# delivered_all_until ORDER: the order has a delivery.
delivered_all_until() {
	[[ -n $(sql "select 1 from delivery.delivery where order_id = $1") ]]
}

# --- brokers ---------------------------------------------------------------------------------------

# step_brokers: see run.sh.
step_brokers() {
	local victim before killed_at
	show_step "brokers: three of them; the leader of a partition is killed, then two of three"
	project_use "$PROJECT_THREE" --env-file "$REPO_DIR/docker/three-brokers.env"
	export DELIVERY_DELAY_MS=5 MAX_CONCURRENCY=64
	up --scale delivery-service=2
	show_progress "all is up and healthy after $UP_MS ms"
	expect "4 partitions, each with a replica on all three brokers" brokers_whole
	load_begin
	before=$(leaders)
	victim=${before%% *}
	killed_at=$(sql 'select now()')
	compose kill -s KILL "$(broker_service "$victim")"
	clock_cs
	KILLED_CS=$CLOCK_CS
	expect "broker $victim is killed, others lead its partitions" \
		wait_until 60 "others lead" broker_leads_nothing "$victim"
	clock_cs
	show_progress "leaders before: $before; now: $(leaders)," \
		"$(((CLOCK_CS - KILLED_CS) * 10)) ms after the kill"
	load_flows 300
	up --scale delivery-service=2
	expect "it comes back and has all of every partition" wait_until 60 "in sync" brokers_whole
	show_progress "longest gap in delivery since the kill: $(longest_gap_ms "$killed_at") ms"
	lose_two
	expect_history load_check
	unset DELIVERY_DELAY_MS MAX_CONCURRENCY
	project_down "$PROJECT_THREE"
}

# lose_two: with two of three gone nothing is published, orders are taken, and all flows when they
# return.
lose_two() {
	local before
	compose kill -s KILL kafka-2 kafka-3
	wait_until 60 "events wait in the outbox" outbox_has 1
	before=$(sql 'select count(*) from orders.outbox')
	load_flows 200
	expect "two of three brokers gone: orders are taken, their events wait ($before, then more)" \
		outbox_has $((before + 100))
	up --scale delivery-service=2
	expect "they come back, and what waited is published" \
		wait_until 60 "the outbox is worked off" outbox_flows
	expect "all three have all of every partition" wait_until 60 "in sync" brokers_whole
}

# outbox_has COUNT: at least so many events wait.
outbox_has() {
	(($(sql 'select count(*) from orders.outbox') >= $1))
}

# outbox_flows: what waits is what came just now.
outbox_flows() {
	(($(sql 'select count(*) from orders.outbox') < 50))
}

# broker_service NUMBER: prints the service of the broker.
broker_service() {
	if (($1 == 1)); then printf kafka; else printf 'kafka-%s' "$1"; fi
}

# partitions_by FILTER: of the topic's partitions, as the brokers say.
partitions_by() {
	kcat -q -L -J -m 2 -t kafka.scaling \
		-b "127.0.0.1:$KAFKA_PORT,127.0.0.1:$KAFKA_2_PORT,127.0.0.1:$KAFKA_3_PORT" 2>/dev/null |
		jq -r "[.topics[0].partitions[] | $1] | map(tostring) | join(\" \")"
}

# leaders: prints the number of the broker that leads each partition.
leaders() {
	partitions_by .leader
}

# brokers_whole: four partitions, and all of each on all three brokers.
brokers_whole() {
	[[ $(partitions_by '.isrs | length') == '3 3 3 3' ]]
}

# broker_leads_nothing NUMBER: and nobody else is missing.
broker_leads_nothing() {
	local now
	now=$(leaders)
	[[ -n $now && " $now " != *" $1 "* && " $now " != *' -1 '* ]]
}

# longest_gap_ms SINCE: prints the longest time between two deliveries' effects.
longest_gap_ms() {
	sql "select coalesce(round(extract(epoch from max(gap)) * 1000), 0) from (
		select applied_at - lag(applied_at, 1, '$1') over (order by applied_at) as gap
		from delivery.history where applied_at > '$1') g"
}

# --- monitoring ------------------------------------------------------------------------------------

# step_monitoring: see run.sh.
step_monitoring() {
	local agent services=()
	show_step "monitoring: Prometheus finds every replica, and Kafka by its agent"
	agent=$("$REPO_DIR/monitoring/fetch.sh" agent)
	project_use "$PROJECT" --env-file "$REPO_DIR/docker/monitoring.env"
	((${#IMAGE_MISSING[@]} == 0)) || services=(order-service delivery-service prometheus)
	JMX_AGENT=$agent up --scale delivery-service=2 "${services[@]}"
	show_progress "all is up and healthy after $UP_MS ms"
	place >/dev/null
	expect "order-service, two delivery-services, Kafka and Prometheus itself are scraped" \
		wait_until 60 "all targets are up" targets_up 5
	expect "Kafka's messages on the topic are seen" \
		wait_until 60 "there is a rate" prometheus_knows 'sum(kafka_topic_messages_in_total) > 0'
	expect "Kafka's commands run beside the agent" compose exec -T kafka \
		/opt/kafka/bin/kafka-topics.sh --bootstrap-server kafka:19092 --list
	project_down "$PROJECT"
}

# targets_up COUNT: so many targets, and all of them answer.
targets_up() {
	curl -f -s --max-time 5 "http://127.0.0.1:$PROMETHEUS_PORT/api/v1/targets" |
		jq -e --argjson count "$1" '.data.activeTargets
			| length == $count and all(.health == "up")' >/dev/null
}

# prometheus_knows QUERY: it has an answer.
prometheus_knows() {
	curl -f -s --max-time 5 -G --data-urlencode "query=$1" \
		"http://127.0.0.1:$PROMETHEUS_PORT/api/v1/query" | jq -e '.data.result | length > 0'
}
