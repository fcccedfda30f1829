#!/usr/bin/env bash
# The ordering lab: watch the order of an order's events get lost and kept, on a real Kafka and
# PostgreSQL. It starts a temporary stack, plays the lab, says of each step whether it ended as the
# lab says, and stops what it started. This is what `make demo` runs.
#
# usage: lab/ordering.sh    (no arguments)
#   1. One partition, one delivery-service: an order that is modified and then cancelled ends in
#      DELIVERY CANCELLED.
#   2. While all runs, the topic gets a second partition and delivery-service a second replica.
#   3. Without keys, the same calls end, wrongly, in DELIVERY MODIFIED.
#   4. With the order id as the key, they end in DELIVERY CANCELLED again.
# env: DELIVERY_DELAY_MS  work on an OrderModified (10000)
#      ROUNDS             how often each scenario is played, with a new order each time (1)
#      NO_COLOR           no colours
#      the ports, KAFKA_TOPIC, BUILD_DIR and the services' settings: as stack/stack.sh; EVENT_KEY is
#      set by the lab
# Exit status: 0 every step ended as the lab says, 1 not so, or something failed.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
. "$REPO_DIR/lab/terminal_output.sh"
. "$REPO_DIR/stack/topic_tail.sh"
. "$REPO_DIR/stack/temporary_stack.sh"

readonly GRACE_SECONDS=30     # for an event, beyond the delay
readonly HTTPIE_MIN_MS=3000   # httpie takes up to a second to start: too long for a shorter delay
readonly ORDER_KEPT='Placed Modified Cancelled'
readonly ORDER_LOST='Placed Cancelled Modified'
TABLE=('scenario|Order*/published|Order*/applied|Delivery*/published')
TABLE[0]+='|final/status|expected/status|verdict'
ALL_GOOD=1
SHOW=1 # the calls and messages of this round

settings() {
	local name
	: "${DELIVERY_DELAY_MS:=10000}" "${ROUNDS:=1}"
	require_number DELIVERY_DELAY_MS 200 3600000
	require_number ROUNDS 1 1000
	DELIVERY_DELAY_MS=$((10#$DELIVERY_DELAY_MS)) ROUNDS=$((10#$ROUNDS))
	DELAY_TEXT="$DELIVERY_DELAY_MS ms"
	((DELIVERY_DELAY_MS % 1000)) || DELAY_TEXT="$((DELIVERY_DELAY_MS / 1000)) s"
	export DELIVERY_DELAY_MS PARTITIONS=1
	# The calls stay on this machine, and httpie looks for no news and leaves nothing behind.
	export NO_PROXY=localhost,127.0.0.1 no_proxy=localhost,127.0.0.1 HTTPIE_CONFIG_DIR
	require_command http curl kcat jq psql setsid setpriv
	for name in SEQUENCING PROCESSING_ORDER MAX_CONCURRENCY DELIVERY_DELAY_ON DELIVERY_WORK \
		KAFKA_CONF; do
		[[ -z ${!name-} ]] || say "with $name=${!name}, which is not the lab's own setting"
	done
}

# by_httpie METHOD PATH [FIELD=VALUE...]: a call as the lab's reader types it, shown and run; sets
# ANSWER. httpie sends POST where there are fields and no method.
by_httpie() {
	local command=("$1" ":$ORDER_PORT$2" "${@:3}") status=0
	[[ $1 != POST ]] || command=("${command[@]:1}")
	output_call http "${command[@]}"
	ANSWER=$(http --ignore-stdin --print=hb --pretty=none "${command[@]}" 2>&1) || status=$?
	((status == 0)) || die "http failed: $ANSWER"
}

# by_curl METHOD PATH [FIELD=VALUE...]: the same by curl, which starts at once; sets ANSWER.
by_curl() {
	local command=() json='' field
	[[ $1 == POST ]] || command=(-X "$1")
	for field in "${@:3}"; do
		json+=",\"${field%%=*}\":\"${field#*=}\""
	done
	[[ -z $json ]] || command+=(--json "{${json#,}}")
	command+=("http://127.0.0.1:$ORDER_PORT$2")
	((SHOW == 0)) || output_call curl "${command[@]}"
	ANSWER=$(curl -s -S -i --max-time 30 "${command[@]}" 2>&1) || die "curl failed: $ANSWER"
}

# call METHOD PATH [FIELD=VALUE...]: a call to order-service; shows the status line and the JSON of
# its answer and sets BODY to the latter. Anything but 2xx ends the lab.
call() {
	local status_line
	if ((SHOW == 0 || DELIVERY_DELAY_MS < HTTPIE_MIN_MS)); then
		by_curl "$@"
	else
		by_httpie "$@"
	fi
	ANSWER=${ANSWER//$'\r'/}
	status_line=${ANSWER%%$'\n'*}
	BODY=
	[[ $ANSWER != *$'\n\n'* ]] || BODY=${ANSWER#*$'\n\n'}
	if ((SHOW)); then
		output_line "$status_line"
		[[ -z $BODY ]] || output_line "$BODY"
	fi
	[[ $status_line =~ ^HTTP/[0-9.]+\ 2 ]] ||
		die "order-service refused $1 $2: $status_line $BODY"
}

# await_events ORDER TYPE...: waits until the topic has the events of the order, with a bar while
# OrderModified is worked on; ends the lab if they do not come.
await_events() {
	local order=$1 end since
	clock_cs
	end=$((CLOCK_CS + DELIVERY_DELAY_MS / 10 + GRACE_SECONDS * 100))
	since=${TOPIC_TAIL_TIME_CS["$order OrderModified"]-}
	until topic_tail_has "$@"; do
		clock_cs
		((CLOCK_CS < end)) ||
			die "no $(topic_tail_missing "$@") of order $order on the topic; see $RUN_DIR/log"
		temporary_stack_require_alive
		[[ -z $since ]] || ((SHOW == 0 || DELIVERY_DELAY_MS < 1000)) ||
			output_wait "working on OrderModified" \
				$((CLOCK_CS - since)) $((DELIVERY_DELAY_MS / 10))
		topic_tail_pump 0.1 || true
	done
	output_wait_over
}

place() {
	call POST /orders "customerId=$1" productId=100 "productName=$2" qty=3 "address=$3"
	ORDER=$(jq -r .id <<<"$BODY")
	await_events "$ORDER" OrderPlaced DeliveryStarted
}

# play: KIM places an order, modifies it, and cancels it while the delivery is still in progress on the
# modification. Sets ORDER.
play() {
	place 2000 RADIO PUSAN
	call PATCH "/orders/$ORDER" address=SEOUL
	((SHOW == 0)) || await_events "$ORDER" OrderModified
	call DELETE "/orders/$ORDER"
	await_events "$ORDER" OrderModified OrderCancelled DeliveryModified DeliveryCancelled
}

show_deliveries() {
	local sql="select * from delivery_table${1:+ where $1}"
	output_call make psql "SQL=$sql"
	SQL=$sql "$REPO_DIR/stack/stack.sh" psql
}

# show_messages SHOW: whether the calls and messages are shown from now on (1) or not (0).
show_messages() {
	SHOW=$1 TOPIC_TAIL_SHOW=
	((SHOW == 0)) || TOPIC_TAIL_SHOW=output_event
}

# status_after EXPECTED_APPLIED: prints the status that a row has after these events.
status_after() {
	local last=${1##* }
	printf 'DELIVERY %s' "${last^^}"
}

# report_read EXPECTED_APPLIED: sets AGREES, PUBLISHED, APPLIED, ANNOUNCED, STATUS and WHY of ORDER:
# see lab/sql/order_report.sql.
report_read() {
	local row
	row=$(stack_sql_file lab/sql/order_report.sql order="$ORDER" expected="$1" \
		<"$RUN_DIR/topic.tsv")
	IFS=$'\t' read -r AGREES PUBLISHED APPLIED ANNOUNCED STATUS WHY <<<"$row"
}

# show_report EXPECTED_APPLIED REMARK: the report on ORDER, shown, with a remark if it is good.
show_report() {
	output_paragraph "$WHY"
	if ((AGREES)); then
		output_verdict 1 "As the lab says: order $ORDER ends in $STATUS$2."
		return 0
	fi
	output_verdict 0 "NOT as the lab says: order $ORDER ends in" \
		"$STATUS, not $(status_after "$1")."
	output_verdict 0 "Applied: $APPLIED. Expected: $1."
}

# scenario NAME EXPECTED_APPLIED REMARK: plays it, once in full and then the other rounds in a line
# each, and adds its row to the table.
scenario() {
	local name=$1 expected=$2 remark=$3 round good=0 cells=''
	for ((round = 1; round <= ROUNDS; round++)); do
		show_messages $((round == 1))
		play
		report_read "$expected"
		if ((round == 1)); then
			show_deliveries "$( ((ROUNDS == 1)) || printf 'order_id = %s' "$ORDER")"
			show_report "$expected" "$remark"
			((ROUNDS == 1)) || say
		else
			show_round "$round" "$AGREES"
		fi
		good=$((good + AGREES))
		# The table shows the first round, or the first that went another way.
		if [[ -z $cells ]] || ((AGREES == 0 && good == round - 1)); then
			cells="$PUBLISHED|$APPLIED|$ANNOUNCED|$STATUS"
		fi
	done
	show_messages 1
	add_row "$name" "$cells" "$(status_after "$expected")" "$good"
}

# show_round ROUND GOOD: a round in one line.
show_round() {
	local verdict="${GREEN}as the lab says${PLAIN}"
	(($2)) || verdict="${RED}NOT as the lab says${PLAIN}"
	printf 'round %3d: order %3s, applied: %-26s %-18s %s\n' \
		"$1" "$ORDER" "$APPLIED" "$STATUS" "$verdict"
}

# add_row NAME CELLS EXPECTED_STATUS GOOD: a row of the final table.
add_row() {
	local verdict='as the lab says'
	(($4 == ROUNDS)) || verdict='NOT as/the lab says' ALL_GOOD=0
	((ROUNDS == 1)) || verdict="$4 of $ROUNDS/$verdict"
	TABLE+=("$1|${2// //}|${3// //}|$verdict")
}

new_partition_known() {
	grep -q 'partition count changed from 1 to 2' "$RUN_DIR/log/order-service.log"
}

each_has_one() {
	local port
	for port in "$DELIVERY_PORT" $((DELIVERY_PORT + 1)); do
		curl -f -s --max-time 2 "http://127.0.0.1:$port/metrics" |
			grep -q -x 'delivery_partitions 1' || return 1
	done
}

# show_owners: which replica has which partition, by delivery.position.
show_owners() {
	output_progress "$(stack_sql "select string_agg(
		format('%s has partition %s', owner, \"partition\"), ', ' order by \"partition\")
		from delivery.position")"
}

# start: the stack, without keys, and the follower of the topic.
start() {
	EVENT_KEY=none temporary_stack_start
	output_progress "order-service (without keys) and one delivery-service are ready"
	HTTPIE_CONFIG_DIR=$RUN_DIR/httpie
	mkdir "$HTTPIE_CONFIG_DIR"
	printf '{"disable_update_warnings": true}\n' >"$HTTPIE_CONFIG_DIR/config.json"
	topic_tail_open
	show_messages 1
	((DELIVERY_DELAY_MS >= HTTPIE_MIN_MS)) ||
		say "A delay of $DELAY_TEXT is hardly enough to start httpie: the calls go by curl."
}

# step_1: see the usage above. PARK's order comes first, as in the lab.
step_1() {
	output_step "1. One partition, one delivery-service"
	output_paragraph "delivery-service works $DELAY_TEXT on an OrderModified. PARK and KIM" \
		"place an order each; KIM corrects the address and then cancels."
	place 1000 TV SEOUL
	scenario '1 partition,/1 replica,/no key' "$ORDER_KEPT" ''
}

step_2() {
	output_step "2. Scaled out while all runs: two partitions, two delivery-services"
	output_call make partitions N=2
	temporary_stack partitions 2
	grep 'Partition: ' <<<"$TEMPORARY_STACK_OUTPUT" |
		sed 's/^[[:space:]]*//; s/[[:space:]]*Elr:.*//; s/\t/  /g'
	output_call make scale N=2
	temporary_stack scale 2
	say "$TEMPORARY_STACK_OUTPUT"
	# It looks every second; with a LOG_LEVEL that hides its note, three seconds are enough.
	wait_until 3 "order-service knows the new partition" new_partition_known 2>/dev/null || true
	wait_until 30 "each replica has a partition" each_has_one
	show_owners
}

step_3() {
	output_step "3. Without keys: the order of the events is lost"
	output_paragraph "order-service still gives its events no key: they go to the partitions in" \
		"turn. KIM does the same as before."
	scenario '2 partitions,/2 replicas,/no key' "$ORDER_LOST" ', although it was cancelled'
}

step_4() {
	output_step "4. With the order id as the key: the order is kept"
	output_call make up EVENT_KEY=order-id
	EVENT_KEY=order-id temporary_stack up
	wait_until 30 "each replica has a partition" each_has_one
	output_progress "order-service is restarted; it sends the order's id as the key of its events"
	show_owners
	output_paragraph "KIM does the same once more."
	scenario '2 partitions,/2 replicas,/key: order id' "$ORDER_KEPT" ''
}

result() {
	output_step "Result"
	say
	output_table "${TABLE[@]}"
	say
	if ((ALL_GOOD)); then
		output_verdict 1 "Every step ended as the lab says."
	else
		output_verdict 0 "NOT every step ended as the lab says."
	fi
}

main() {
	(($# == 0)) || usage
	settings
	temporary_stack_open demo
	start
	step_1
	step_2
	step_3
	step_4
	result
	((ALL_GOOD))
}

main "$@"
