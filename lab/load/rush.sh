#!/usr/bin/env bash
# A coupon rush (seed 001): thousands of users at once, each of whom wants an order (a coupon) and
# its delivery (the coupon's issue), from four order-services and one delivery-service, on a
# database that allows few connections; straight over HTTP and through Kafka. This is what
# `make lab-rush` runs.
#
# usage: lab/load/rush.sh    (no arguments)
#   1. Without Kafka: an order is answered when its coupon is issued; each of the two needs a
#      connection of its own to the database.
#   2. With Kafka: an order is answered when it is written, the coupon is issued later.
# env: FULL   1: ten times as many calls
#      QUICK  1: a look, with fewer users
#      KEEP   1: table and plot also go to lab/load/results
#      the ports, RUN_DIR and BUILD_DIR as stack/stack.sh
# Exit status: 0 what the lab promises happened, 1 not so, or something failed.
set -euo pipefail
# shellcheck source=stack/process.sh
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
# shellcheck source=lab/load/load.sh
. "$REPO_DIR/lab/load/load.sh"

# What a db.t3.micro of RDS, the seed's database, allows: by default the memory that PostgreSQL has,
# divided by 9,531,392; for a whole GiB that is 112, and its other processes need a part of it.
readonly CONNECTIONS=80
readonly ORDER_SERVICES=4
readonly TOPIC_PARTITIONS=4
readonly HTTP=200          # threads, as a Tomcat has
readonly PATIENCE_S=30     # of a user
readonly ERRORS_PERCENT=10 # of the calls: fewer are not well above none
WATCH_PID=                 # who counts the connections

# settings: the size.
settings() {
	lab_settings lab-rush
	USERS=$(lab_scaled 600 6000 6000)
	CALLS=$((USERS * $(lab_scaled 2 5 50)))
}

# watch_start NAME: counts the services' connections to the database, twice a second, into
# $RUN_DIR/NAME.tsv; over one of those that PostgreSQL keeps for its owner. It ends with PostgreSQL
# at the latest.
watch_start() {
	local started sql
	started=$(date +%s.%N)
	sql="select round(extract(epoch from clock_timestamp())::numeric - $started, 1), count(*)"
	sql+=" from pg_stat_activity where usename in ('order_service', 'delivery_service')"
	setsid setpriv --pdeathsig TERM psql -X -q -A -t -F $'\t' -d "$STACK_URL" \
		<<<"$sql \\watch 0.5" >"$RUN_DIR/$1.tsv" 2>"$RUN_DIR/log/$1.log" &
	WATCH_PID=$!
	# Once the users are there, there may be no connection left for it.
	wait_until 10 "the connections are counted" test -s "$RUN_DIR/$1.tsv" || watch_failed "$1"
}

# watch_failed NAME: says why, and ends.
watch_failed() {
	die "the connections could not be counted; $(process_last_words "$RUN_DIR/log/$1.log")"
}

# watch_end NAME: no more.
watch_end() {
	kill -s TERM "$WATCH_PID" 2>/dev/null || watch_failed "$1"
	wait "$WATCH_PID" 2>/dev/null || true
}

# rush DISPATCH: the users come, and stay until they have made their calls and all coupons are
# issued that will be.
rush() {
	local name=$1 ports
	stack_fresh "$TOPIC_PARTITIONS"
	stack_delivery 1 DISPATCH="$name" HTTP_THREADS="$HTTP" DELIVERY_DELAY_MS=0
	stack_orders "$ORDER_SERVICES" DISPATCH="$name" HTTP_THREADS="$HTTP"
	ports=$(sed -n 's,.*http://127\.0\.0\.1:\([0-9]*\)/orders$,\1,p' <<<"$TEMPORARY_STACK_OUTPUT" |
		paste -s -d ,)
	: >"$RUN_DIR/$name-acks.txt"
	sample_start "$name-cpu"
	watch_start "$name-connections"
	load_start "$name-users" PORTS="$ports" RATE=0 COUNT="$CALLS" CONNECTIONS="$USERS" \
		TIMEOUT_MS=$((PATIENCE_S * 1000)) ACKS="$RUN_DIR/$name-acks.txt"
	load_wait "$name-users" "calls of $(grouped "$USERS") users" "$CALLS"
	[[ $name == http ]] || lab_await "coupons" "$(load_result "$name-users" .answered)" \
		stack_metric delivery_events_applied_total "$DELIVERY_PORT"
	watch_end "$name-connections"
	sample_end
	count_coupons "$name"
}

# count_coupons NAME: what the users were told and what is in the database, into
# $RUN_DIR/NAME-coupons.json.
count_coupons() {
	stack_sql "create temp table acked (ms int8, call text, id int8, version int);
		\\copy acked from $RUN_DIR/$1-acks.txt with (delimiter ' ')
		copy (select json_build_object(
				'acknowledged', (select count(*) from acked),
				'issued', (select count(*) from delivery.delivery),
				'lost', (select count(*) from acked a where not exists
					(select from delivery.delivery d where d.order_id = a.id)),
				'unknown', (select count(*) from delivery.delivery d where not exists
					(select from acked a where a.id = d.order_id)),
				'behind_ms', (select percentile_disc(0.99) within group (order by
						extract(epoch from h.applied_at - o.created_at)::float8 * 1000)
					from delivery.history h join orders.orders o on o.id = h.order_id)))
			to stdout \\g $RUN_DIR/$1-coupons.json"
}

# finish NAME WAY SEED: adds the row. Sets ERRORS: failed calls, in percent.
finish() {
	local name=$1
	# shellcheck disable=SC2016 # jq's variables
	ERRORS=$(load_result "$name-users" '(.errors + .timed_out) as $failed
		| 10000 * $failed / ($failed + .answered) | round / 100')
	result_row way="$2" errors="$ERRORS %" \
		p50="$(milliseconds "$(load_result "$name-users" .answered_ms.p50)")" \
		p99="$(milliseconds "$(load_result "$name-users" .answered_ms.p99)")" \
		acknowledged="$(grouped "$(load_result "$name-coupons" .acknowledged)")" \
		issued="$(grouped "$(load_result "$name-coupons" .issued)")" \
		lost="$(grouped "$(load_result "$name-coupons" .lost)")" \
		unknown="$(grouped "$(load_result "$name-coupons" .unknown)")" \
		connections="$(connections_peak "$name-connections")" \
		took="$(load_result "$name-users" '.took_ms / 1000 | round') s" seed="$3"
	output_progress "errors: $ERRORS %; coupons acknowledged:" \
		"$(grouped "$(load_result "$name-coupons" .acknowledged)"), issued:" \
		"$(grouped "$(load_result "$name-coupons" .issued)")"
}

# connections_peak NAME: prints the most that were open at a time.
connections_peak() {
	awk -F '\t' '$2 > peak { peak = $2 } END { print peak + 0 }' "$RUN_DIR/$1.tsv"
}

# --- the scenarios ------------------------------------------------------------------------------

# straight: see 1. of the usage above.
straight() {
	output_step "1. Without Kafka"
	output_paragraph "$(grouped "$USERS") users come at once. Each call takes a thread of one of" \
		"$ORDER_SERVICES order-services ($HTTP each), which opens a connection to the database, calls" \
		"delivery-service, which opens another, and answers when the coupon is issued. The" \
		"database allows $CONNECTIONS connections. Who is refused tries again at once."
	rush http
	finish http "without Kafka" "68.06 %"
	result_promise "$(holds "$ERRORS >= $ERRORS_PERCENT")" "without Kafka many calls fail: $ERRORS %"
}

# by_kafka: see 2. of the usage above.
by_kafka() {
	output_step "2. With Kafka"
	output_paragraph "The same users, services, threads and database. order-service writes what waits" \
		"over one connection and answers; delivery-service issues the coupons as it gets to them."
	rush kafka
	finish kafka "with Kafka" "37.49 %"
	result_promise "$(holds "$ERRORS == 0")" "with Kafka no call fails: $ERRORS %"
	output_progress "the history checker looks at every order, event and acknowledgement"
	stack_check "$CALLS" ACKS="$RUN_DIR/kafka-acks.txt"
	result_promise 1 "with Kafka $(grouped "$CALLS") of $(grouped "$CALLS") coupons are" \
		"acknowledged and issued once: the history checker finds nothing lost or duplicated"
}

# failures STATUS: prints how many calls without Kafka failed with it.
failures() {
	load_result http-users ".statuses[\"$1\"] // 0"
}

# notes: what the figures do not say.
notes() {
	local late
	if [[ $SCALE == short ]]; then
		result_note "Scaled down: $(grouped "$USERS") users, in the seed 6,000."
	else
		result_note "Users, services and connections are as many as the seed's, but all share this" \
			"machine; the seed had a cluster of seven, and others for the database and the load." \
			"FULL=1 makes ten times as many calls."
	fi
	late=$(($(failures 504) + $(load_result http-users .timed_out)))
	result_note "Of the calls that failed without Kafka, $(grouped "$(failures 503)") got no connection" \
		"to the database (503), $(grouped "$(failures 502)") none for delivery-service (502), and" \
		"$(grouped "$late") took too long. More fail than in the seed: its Spring services have a pool of" \
		"connections, for which a call waits; here it is refused, and its user is back at once."
	result_note "Issued, but not told: the coupon is there, but its user was told that it failed and" \
		"will ask for another. Each such call is one that a synchronous chain cannot get right."
	result_note "That nobody is refused with Kafka is not Kafka's merit alone. The seed's servers still" \
		"needed a connection for each call, and refused 37.49 %; order-service writes all orders" \
		"that wait as one transaction, over one connection."
	result_note "With Kafka the answer promises the coupon: 99 % were issued within" \
		"$(milliseconds "$(load_result kafka-coupons .behind_ms)") of their order."
}

main() {
	(($# == 0)) || die "usage: lab/load/rush.sh (no arguments)"
	settings
	lab_require_files $((2 * USERS))
	lab_open "$CONNECTIONS"
	result_columns way="$(grouped "$CALLS") calls, $(grouped "$USERS") users" errors=errors \
		p50='answered: p50' p99=p99 acknowledged='coupons acknowledged' issued=issued lost=lost \
		unknown='issued, but not told' connections="connections, of $CONNECTIONS" took=took \
		seed='the seed: errors'
	straight
	by_kafka
	notes
	result_close "A rush of $(grouped "$USERS") users: calls and connections, second by second"
}

main "$@"
