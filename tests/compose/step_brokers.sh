# shellcheck shell=bash
# The step brokers: three of them under load lose a leader, then two of three. To be sourced after
# tests/compose/load.sh.

step_brokers() {
	local victim before killed_at killed_cs
	output_step "brokers: three of them; the leader of a partition is killed, then two of three"
	project_use "$PROJECT_THREE" --env-file "$REPO_DIR/deploy/docker/three-brokers.env"
	export DELIVERY_DELAY_MS=5 MAX_CONCURRENCY=64
	up --scale delivery-service=2
	output_progress "all is up and healthy after $UP_MS ms"
	BROKER_ADDRESSES=127.0.0.1:$KAFKA_PORT,127.0.0.1:$KAFKA_2_PORT,127.0.0.1:$KAFKA_3_PORT
	export BROKERS=3 KAFKA_TOPIC=kafka.scaling
	expect "4 partitions, each with a replica on all three brokers" topic_whole
	load_begin
	brokers_read
	before=${LEADER[*]}
	victim=${LEADER[0]}
	killed_at=$(sql 'select now()')
	compose kill -s KILL "$(broker_service "$victim")"
	clock_cs
	killed_cs=$CLOCK_CS
	expect "broker $victim is killed, others lead its partitions" \
		wait_until 60 "others lead" brokers_lead_without "$victim"
	clock_cs
	brokers_read
	output_progress "leaders before: $before; now: ${LEADER[*]}," \
		"$(((CLOCK_CS - killed_cs) * 10)) ms after the kill"
	load_flows 300
	up --scale delivery-service=2
	expect "it comes back and has all of every partition" wait_until 60 "in sync" topic_whole
	output_progress "longest gap in delivery since the kill: $(longest_gap_ms "$killed_at") ms"
	lose_two
	expect_history load_check
	unset DELIVERY_DELAY_MS MAX_CONCURRENCY BROKERS KAFKA_TOPIC
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
	expect "all three have all of every partition" wait_until 60 "in sync" topic_whole
}

# outbox_has COUNT: at least so many events wait.
outbox_has() { (($(sql 'select count(*) from orders.outbox') >= $1)); }

# outbox_flows: what waits is what came just now.
outbox_flows() { (($(sql 'select count(*) from orders.outbox') < 50)); }

# broker_service NUMBER: prints the service of the broker.
broker_service() {
	if (($1 == 1)); then printf kafka; else printf 'kafka-%s' "$1"; fi
}

# topic_whole: four partitions, and all of each on all three brokers.
topic_whole() { brokers_whole && ((${#IN_SYNC[@]} == 4)); }

# longest_gap_ms SINCE: prints the longest time between two deliveries' effects.
longest_gap_ms() {
	sql "select coalesce(round(extract(epoch from max(gap)) * 1000), 0) from (
		select applied_at - lag(applied_at, 1, '$1') over (order by applied_at) as gap
		from delivery.history where applied_at > '$1') g"
}
