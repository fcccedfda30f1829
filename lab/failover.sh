#!/usr/bin/env bash
# The fail-over lab: three Kafka brokers under load, of which first one is lost and then two. It
# starts a temporary stack, kills brokers with kill -9, says who led which partition before and
# after and how long nothing was published and delivered, has the history checker judge what became
# of every operation, and stops what it started. This is what `make lab-failover` runs.
#
# usage: lab/failover.sh    (no arguments)
#   1. Three brokers have a replica each of all four partitions; clients place, change and cancel
#      orders.
#   2. The leader of a partition is killed: a follower takes over.
#   3. The broker comes back and catches up.
#   4. Two of three brokers are killed: nothing is published, orders are taken all the same.
#   5. They come back: everything that waited is published and delivered.
# env: RATE          operations per second (100)
#      SECONDS_DOWN  how long brokers stay away (15)
#      LOSE          who is lost in step 2: leader, that of partition 0 (default); controller, the
#                    active controller, which leads a partition, too: that takes longer
#      QUICK         1: shorter waits, and SECONDS_DOWN=5
#      NO_COLOR      no colours
#      the ports, KAFKA_TOPIC, BUILD_DIR and the services' settings: as stack/stack.sh, but with
#      EVENT_KEY=order-id, DELIVERY_DELAY_MS=5 and MAX_CONCURRENCY=64
# Exit status: 0 everything went as promised, 1 not so, or something failed.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
. "$REPO_DIR/lab/terminal_output.sh"
. "$REPO_DIR/stack/temporary_stack.sh"
. "$REPO_DIR/stack/brokers.sh"

readonly REPLICAS=2
readonly AWAIT_SECONDS=120 # for a fail-over, or a broker to catch up: far more than it takes
readonly PAUSE_MAX_MS=5000  # in taking orders, on a busy machine too
readonly IN_FLIGHT_MS=1000 # what Kafka has acknowledged is off the outbox after that time
ALL_GOOD=1
TABLE=('|orders/taken|longest pause/in taking|longest gap/in publishing|longest gap/in delivery')

settings() {
	: "${RATE:=100}" "${QUICK:=0}" "${LOSE:=leader}"
	: "${DELIVERY_DELAY_MS:=5}" "${MAX_CONCURRENCY:=64}"
	require_number RATE 10 10000
	require_number QUICK 0 1
	: "${SECONDS_DOWN:=$((QUICK ? 5 : 15))}"
	require_number SECONDS_DOWN 2 3600
	[[ $LOSE == leader || $LOSE == controller ]] ||
		die "LOSE='$LOSE' is not one of leader, controller"
	SECONDS_DOWN=$((10#$SECONDS_DOWN)) SECONDS_CALM=$((QUICK ? 3 : 10))
	export RATE DELIVERY_DELAY_MS MAX_CONCURRENCY CLIENTS=8 BROKERS=3 PARTITIONS=4 \
		EVENT_KEY=order-id
	require_command curl kcat jq psql setsid setpriv
	require_programs order-service delivery-service verify-history order-clients
}

# expect HOLDS TEXT...: what is promised, and whether it holds (1) or not (0).
expect() {
	if (($1)); then
		output_verdict 1 "${@:2}"
	else
		ALL_GOOD=0
		output_verdict 0 "NOT as promised: ${*:2}"
	fi
}

# start: the stack, the load, and the samples of how far everything is.
start() {
	temporary_stack_start
	temporary_stack scale "$REPLICAS"
	output_progress "order-service and $REPLICAS delivery-services are ready"
	: >"$RUN_DIR/acks.txt"
	stack_sql_file lab/sql/progress.sql >/dev/null
	printf 'select lab.sample() \\watch 0.05\n' >"$RUN_DIR/watch.sql"
	child_start progress /dev/null psql -X -q -A -t -d "$STACK_URL" -f "$RUN_DIR/watch.sql"
	child_start clients "$RUN_DIR/log/clients.out" \
		env ORDER_PORTS="$ORDER_PORT" ACKS="$RUN_DIR/acks.txt" "$BUILD_DIR/order-clients"
}

# await WHAT COMMAND...: waits until the command succeeds, or dies.
await() {
	wait_until "$AWAIT_SECONDS" "$@" 2>/dev/null ||
		die "timed out after $AWAIT_SECONDS s waiting until $1; see $RUN_DIR/log"
	require_alive
}

# reached COLUMN: prints how far it is now.
reached() { stack_sql "select ($1) from lab.progress order by at_ms desc limit 1"; }

# has_reached COLUMN VALUE: it is at least that far.
has_reached() {
	local value
	value=$(reached "$1") && [[ -n $value ]] && ((value >= $2))
}

# await_flow: everything that is stored by now is published, and deliveries go on.
await_flow() {
	await "what is stored is published" has_reached published "$(reached stored)"
	output_progress "everything that waited is published"
	await "deliveries go on" has_reached applied $(($(reached applied) + 1))
	output_progress "deliveries go on"
}

# require_alive: nothing has ended but what the lab has killed.
require_alive() {
	temporary_stack_require_alive
	child_alive clients ||
		die "the clients have ended; $(process_last_words "$RUN_DIR/log/clients.log")"
}

# let_pass TEXT SECONDS: so long, with a bar.
let_pass() {
	local begin
	clock_cs
	begin=$CLOCK_CS
	while clock_cs && ((CLOCK_CS < begin + $2 * 100)); do
		output_wait "$1" $((CLOCK_CS - begin)) $(($2 * 100))
		sleep 0.1 # the passing of time is what is asked for
		require_alive
	done
	output_wait_over
}

# measure FROM_MS: what happened from then up to now. Sets TAKEN (operations), PUBLISHED, WAITING (in
# the outbox), PAUSE_MS (in taking operations), PUBLISH_GAP_MS and DELIVERY_GAP_MS.
measure() {
	IFS='|' read -r TAKEN PUBLISHED WAITING PAUSE_MS PUBLISH_GAP_MS DELIVERY_GAP_MS < <(
		stack_sql "select m.* from lab.measure($1, $(wall_ms)) m")
}

# in_seconds MS: prints it in seconds with one decimal; a gap is never told shorter than it was.
in_seconds() { printf '%d.%d s' $((($1 + 99) / 1000)) $((($1 + 99) % 1000 / 100)); }

# show_brokers [LEADER_BEFORE...]: who leads which partition, and who led it before.
show_brokers() {
	local partition rows=("partition${1:+|leader before}|leader|in sync")
	for partition in "${!LEADER[@]}"; do
		rows+=("$partition${1:+|broker ${*:partition+1:1}}|broker ${LEADER[partition]}")
		rows[-1]+="|${IN_SYNC[partition]}"
	done
	output_line
	output_table "${rows[@]}"
	output_line
}

# phase NAME SINCE_MS TEXT SECONDS: lets time pass; what was measured is a row of the final table.
phase() {
	let_pass "$3" "$4"
	measure "$2"
	TABLE+=("$1|$TAKEN|$(in_seconds "$PAUSE_MS")|$(in_seconds "$PUBLISH_GAP_MS")")
	TABLE[-1]+="|$(in_seconds "$DELIVERY_GAP_MS")"
}

# expect_orders: in what was measured, orders have been taken all the time.
expect_orders() {
	expect $((TAKEN > 0 && PAUSE_MS < PAUSE_MAX_MS)) "Operations taken: $TAKEN," \
		"the longest pause $(in_seconds "$PAUSE_MS")."
}

# expect_gaps: in what was measured, publishing and delivery did not stand still for too long.
expect_gaps() {
	local most_ms=$(((SECONDS_DOWN + AWAIT_SECONDS) * 1000))
	expect $((PUBLISH_GAP_MS < most_ms && DELIVERY_GAP_MS < most_ms)) \
		"Longest gap in publishing $(in_seconds "$PUBLISH_GAP_MS")," \
		"in delivery $(in_seconds "$DELIVERY_GAP_MS")."
}

# step_1: see the usage above. Sets CONTROLLER.
step_1() {
	output_step "1. Three brokers, a replica each of all four partitions"
	output_paragraph "A write is acknowledged when two brokers have it (acks=all," \
		"min.insync.replicas=2). Eight clients place, change and cancel orders, together" \
		"$RATE operations a second."
	await "orders are delivered" has_reached applied 10
	await "all brokers have all partitions" brokers_whole
	show_brokers
	CONTROLLER=$("$REPO_DIR/kafka/topics.sh" controller)
	output_progress "broker $CONTROLLER is the active controller: it appoints the leaders"
	phase "all is well" "$(wall_ms)" "all is well" "$SECONDS_CALM"
	expect_orders
}

# step_2: see the usage above. Sets VICTIM.
step_2() {
	local before=("${LEADER[@]}") also='' partition=0 took_ms
	VICTIM=${LEADER[0]}
	[[ $LOSE == leader ]] || VICTIM=$CONTROLLER
	((VICTIM != CONTROLLER)) || also=' and the active controller'
	until ((LEADER[partition] == VICTIM)); do
		partition=$((partition + 1))
		((partition < ${#LEADER[@]})) || die "broker $VICTIM leads no partition: run it again"
	done
	output_step "2. Broker $VICTIM, the leader of partition $partition$also, is killed"
	brokers_kill "$VICTIM"
	await "followers lead its partitions" brokers_lead_without "$VICTIM"
	took_ms=$(($(wall_ms) - KILLED_MS))
	output_progress "followers lead its partitions"
	await_flow
	phase "broker $VICTIM lost" "$KILLED_MS" "broker $VICTIM is away" "$SECONDS_DOWN"
	await "followers lead its partitions" brokers_lead_without "$VICTIM"
	show_brokers "${before[@]}"
	expect $((took_ms < AWAIT_SECONDS * 1000)) \
		"Followers took over $(in_seconds $took_ms) after the kill."
	expect_gaps
	expect_orders
}

step_3() {
	local begin_ms before=("${LEADER[@]}")
	output_step "3. Broker $VICTIM comes back"
	begin_ms=$(wall_ms)
	brokers_return
	await "all brokers have all partitions" brokers_whole
	output_progress "it has caught up with all partitions"
	phase "broker $VICTIM back" "$begin_ms" "all is well again" "$SECONDS_CALM"
	show_brokers "${before[@]}"
	output_paragraph "It is a follower now. Within five minutes Kafka lets it lead again what it led" \
		"(leader.imbalance.check.interval.seconds)."
	expect_gaps
	expect_orders
}

# step_4: see the usage above. The one that stays leads a partition and has all that was written.
# Sets LOST_MS.
step_4() {
	local number stays=${LEADER[0]} gone=()
	for ((number = 1; number <= BROKERS; number++)); do
		((number == stays)) || gone+=("$number")
	done
	output_step "4. Two of three brokers are killed; broker $stays stays"
	brokers_kill "${gone[@]}"
	LOST_MS=$KILLED_MS
	let_pass "two of three brokers are away" "$SECONDS_DOWN"
	measure $((LOST_MS + IN_FLIGHT_MS))
	expect $((PUBLISHED == 0)) "Published in that time: $PUBLISHED events. A write needs two" \
		"brokers, and so does the choice of a leader."
	measure "$LOST_MS"
	expect_orders
	expect $((WAITING > 0)) "Their events wait in the outbox: $WAITING."
}

step_5() {
	output_step "5. Both come back"
	brokers_return
	await_flow
	await "all brokers have all partitions" brokers_whole
	phase "two of three lost, and back" "$LOST_MS" "all is well again" "$SECONDS_CALM"
	show_brokers
	expect_gaps
	expect_orders
}

# violations PATTERN: prints how many violations of these kinds the history checker has found.
violations() {
	jq --arg kinds "$1" '[.violations[] | select(.kind | test($kinds)) | .count] | add // 0' \
		"$RUN_DIR/verify.json"
}

# judge: what the clients say of the answers, and the history checker of everything else.
judge() {
	local status=0 total report=$RUN_DIR/verify.json
	output_step "Verdict"
	child_end clients || status=$?
	expect $((status == 0)) "The clients: every answer was as it must be."
	status=0
	JSON=1 WAIT=120 ACKS=$RUN_DIR/acks.txt "$REPO_DIR/stack/stack.sh" verify >"$report" || status=$?
	((status < 2)) || die "the history checker has no verdict (the reason is above)"
	total=$(jq .total "$report")
	expect $((total == 0)) "The history checker: $(jq .counts.acknowledged "$report")" \
		"operations acknowledged, $(jq .counts.order_events "$report") events;" \
		"$(violations 'lost|not announced|not drained|refused') lost," \
		"$(violations 'duplicated|twice') duplicated," \
		"$(violations 'out of order') out of order."
	((total == 0)) || output_verdict 0 "In all $total violations, see $report"
}

result() {
	output_step "Result"
	output_line
	output_table "${TABLE[@]}"
	output_line
	if ((ALL_GOOD)); then
		output_verdict 1 "Everything went as promised: nothing lost, nothing duplicated, nothing" \
			"out of order."
	else
		output_verdict 0 "NOT everything went as promised."
	fi
}

main() {
	(($# == 0)) || usage
	settings
	temporary_stack_open failover
	start
	step_1
	step_2
	step_3
	step_4
	step_5
	judge
	result
	((ALL_GOOD))
}

main "$@"
