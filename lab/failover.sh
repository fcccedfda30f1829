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
# shellcheck source=stack/process.sh
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
# shellcheck source=lab/terminal_output.sh
. "$REPO_DIR/lab/terminal_output.sh"
# shellcheck source=stack/temporary_stack.sh
. "$REPO_DIR/stack/temporary_stack.sh"
# shellcheck source=lab/progress.sh
. "$REPO_DIR/lab/progress.sh"
# shellcheck source=stack/brokers.sh
. "$REPO_DIR/stack/brokers.sh"

readonly REPLICAS=2
readonly AWAIT_SECONDS=120 # for a fail-over, or a broker to catch up: far more than it takes
readonly PAUSE_MAX_MS=5000  # in taking orders, on a busy machine too
readonly IN_HAND_MS=1000    # what Kafka has acknowledged is off the outbox after that time
CLIENTS_PID=
ALL_GOOD=1
TABLE=('|orders/taken|longest pause/in taking|longest gap/in publishing|longest gap/in delivery')

# settings: what the environment gives, checked, and what the lab needs.
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
	BUILD_DIR=$(cd "$REPO_DIR" && realpath -m -s -- "${BUILD_DIR:-build}")
	[[ -x $BUILD_DIR/verify-history && -x $BUILD_DIR/order-clients ]] ||
		die "verify-history or order-clients is not in $BUILD_DIR: type make lab-failover"
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
	export PGPASSFILE=$RUN_DIR/pgpass ORDER_PORTS=$ORDER_PORT ACKS=$RUN_DIR/acks.txt
	: >"$ACKS"
	progress_open
	"$BUILD_DIR/order-clients" >"$RUN_DIR/log/clients.log" 2>&1 </dev/null &
	CLIENTS_PID=$!
}

# await WHAT COMMAND...: waits until the command succeeds, or dies.
await() {
	wait_until "$AWAIT_SECONDS" "$@" 2>/dev/null ||
		die "gave up after $AWAIT_SECONDS s waiting until $1; see $RUN_DIR/log"
	require_alive
}

# await_flow: everything that is stored by now is published, and deliveries go on.
await_flow() {
	local stored applied
	progress_now
	stored=$(progress_at "$STORED" "$NOW_MS")
	applied=$(progress_at "$APPLIED" "$NOW_MS")
	await "what is stored is published" progress_reached "$PUBLISHED" "$stored"
	output_progress "everything that waited is published"
	await "deliveries go on" progress_reached "$APPLIED" $((applied + 1))
	output_progress "deliveries go on"
}

# require_alive: nothing has ended but what the lab has killed.
require_alive() {
	temporary_stack_require_alive
	kill -0 "$CLIENTS_PID" 2>/dev/null ||
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

# measure FROM_MS: what happened from then up to now. Sets TAKEN (operations), PAUSE_MS (in taking
# them), PUBLISH_GAP_MS and DELIVERY_GAP_MS.
measure() {
	progress_now
	TAKEN=$(progress_growth "$STORED" "$1" "$NOW_MS")
	PAUSE_MS=$(progress_gap "$STORED" "$1" "$NOW_MS")
	PUBLISH_GAP_MS=$(progress_gap "$PUBLISHED" "$1" "$NOW_MS")
	DELIVERY_GAP_MS=$(progress_gap "$APPLIED" "$1" "$NOW_MS")
}

# add_row NAME: what was measured, for the final table.
add_row() {
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
	local begin_ms
	output_step "1. Three brokers, a replica each of all four partitions"
	output_paragraph "A write is acknowledged when two brokers have it (acks=all," \
		"min.insync.replicas=2). Eight clients place, change and cancel orders, together" \
		"$RATE operations a second."
	await "orders are delivered" progress_reached "$APPLIED" 10
	await "all brokers have all partitions" brokers_whole
	brokers_show
	CONTROLLER=$("$REPO_DIR/kafka/topics.sh" controller)
	output_progress "broker $CONTROLLER is the active controller: it appoints the leaders"
	progress_now
	begin_ms=$NOW_MS
	let_pass "all is well" "$SECONDS_CALM"
	measure "$begin_ms"
	add_row "all is well"
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
	progress_now
	took_ms=$((NOW_MS - KILLED_MS))
	output_progress "followers lead its partitions"
	await_flow
	let_pass "broker $VICTIM is away" "$SECONDS_DOWN"
	measure "$KILLED_MS"
	add_row "broker $VICTIM lost"
	await "followers lead its partitions" brokers_lead_without "$VICTIM"
	brokers_show "${before[@]}"
	expect $((took_ms < AWAIT_SECONDS * 1000)) \
		"Followers took over $(in_seconds $took_ms) after the kill."
	expect_gaps
	expect_orders
}

# step_3: see the usage above.
step_3() {
	local begin_ms before=("${LEADER[@]}")
	output_step "3. Broker $VICTIM comes back"
	progress_now
	begin_ms=$NOW_MS
	brokers_return
	await "all brokers have all partitions" brokers_whole
	output_progress "it has caught up with all partitions"
	let_pass "all is well again" "$SECONDS_CALM"
	measure "$begin_ms"
	add_row "broker $VICTIM back"
	brokers_show "${before[@]}"
	output_paragraph "It is a follower now. Within five minutes Kafka lets it lead again what it led" \
		"(leader.imbalance.check.interval.seconds)."
	expect_gaps
	expect_orders
}

# step_4: see the usage above. The one that stays leads a partition and has all that was written.
# Sets LOST_MS.
step_4() {
	local number stays=${LEADER[0]} gone=() published waiting
	for ((number = 1; number <= BROKERS; number++)); do
		((number == stays)) || gone+=("$number")
	done
	output_step "4. Two of three brokers are killed; broker $stays stays"
	brokers_kill "${gone[@]}"
	LOST_MS=$KILLED_MS
	let_pass "two of three brokers are away" "$SECONDS_DOWN"
	measure "$LOST_MS"
	published=$(progress_growth "$PUBLISHED" $((LOST_MS + IN_HAND_MS)) "$NOW_MS")
	waiting=$(($(progress_at "$STORED" "$NOW_MS") - $(progress_at "$PUBLISHED" "$NOW_MS")))
	expect $((published == 0)) "Published meanwhile: $published events. A write needs two" \
		"brokers, and so does the choice of a leader."
	expect_orders
	expect $((waiting > 0)) "Their events wait in the outbox: $waiting."
}

# step_5: see the usage above.
step_5() {
	output_step "5. Both come back"
	brokers_return
	await_flow
	await "all brokers have all partitions" brokers_whole
	let_pass "all is well again" "$SECONDS_CALM"
	measure "$LOST_MS"
	add_row "two of three lost, and back"
	brokers_show
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
	kill -s TERM "$CLIENTS_PID" 2>/dev/null || true
	wait "$CLIENTS_PID" || status=$?
	CLIENTS_PID=
	expect $((status == 0)) "The clients: every answer was as it must be."
	status=0
	JSON=1 WAIT=120 "$REPO_DIR/stack/stack.sh" verify >"$report" || status=$?
	((status < 2)) || die "the history checker has no verdict (the reason is above)"
	total=$(jq .total "$report")
	expect $((total == 0)) "The history checker: $(jq .counts.acknowledged "$report")" \
		"operations acknowledged, $(jq .counts.order_events "$report") events;" \
		"$(violations 'lost|not announced|not drained|refused') lost," \
		"$(violations 'duplicated|twice') duplicated, $(violations 'out of order') out of order."
	((total == 0)) || output_verdict 0 "In all $total violations, see $report"
}

# result: the table and the last word.
result() {
	output_step "Result"
	output_line
	output_table '28 6 14 14 14' "${TABLE[@]}"
	output_line
	if ((ALL_GOOD)); then
		output_verdict 1 "Everything went as promised: nothing lost, nothing duplicated, nothing" \
			"out of order."
	else
		output_verdict 0 "NOT everything went as promised."
	fi
}

# close_lab: at the end, however it came: nothing stays behind.
close_lab() {
	trap '' HUP INT TERM
	set +e
	if [[ -n $CLIENTS_PID ]]; then
		kill -s KILL "$CLIENTS_PID" 2>/dev/null
		wait "$CLIENTS_PID" 2>/dev/null
	fi
	temporary_stack_close
}

main() {
	settings
	temporary_stack_open failover
	trap close_lab EXIT
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
