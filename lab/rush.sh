#!/usr/bin/env bash
# A coupon rush (text 001 of the original lab): thousands of users at once, each of whom wants an
# order (a coupon) and its delivery (the coupon's issue), from four order-services and one
# delivery-service, on a database that allows few connections; synchronously over HTTP, in three ways
# (lab_way of lab/load_lab.sh), and through Kafka. This is what `make lab-rush` runs.
#
# usage: lab/rush.sh    (no arguments)
#   1. Without Kafka: an order is answered when its coupon is issued; each of the two needs a
#      connection of its own to the database.
#   2. The same with pools of connections, 3. with group commit.
#   4. With Kafka: an order is answered when it is written, the coupon is issued later.
# env: FULL   1: ten times as many calls
#      QUICK  1: a look, with fewer users
#      KEEP, the ports, RUN_DIR and BUILD_DIR: see lab/load_lab.sh
# Exit status: 0 what the lab promises happened, 1 not so, or something failed.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
. "$REPO_DIR/lab/load_lab.sh"

# What a db.t3.micro of RDS, the original lab's database, allows: by default the memory that
# PostgreSQL has, divided by 9,531,392; for a whole GiB that is 112, and its other processes need a
# part of it.
readonly CONNECTIONS=80
readonly ORDER_SERVICES=4
readonly TOPIC_PARTITIONS=4
readonly PATIENCE_S=30 # of a user

# watch_start NAME: counts the services' connections to the database, twice a second, into
# $RUN_DIR/NAME.tsv; over one of those that PostgreSQL keeps for its owner.
watch_start() {
	local sql
	sql="select round(extract(epoch from clock_timestamp())::numeric - $(date +%s.%N), 1), count(*)"
	sql+=" from pg_stat_activity where usename in ('order_service', 'delivery_service')"
	printf '%s \\watch 0.5\n' "$sql" >"$RUN_DIR/watch.sql"
	child_start watch "$RUN_DIR/$1.tsv" \
		psql -X -q -A -t -F $'\t' -d "$STACK_URL" -f "$RUN_DIR/watch.sql"
	# Once the users are there, there may be no connection left for it.
	wait_until 10 "the connections are counted" test -s "$RUN_DIR/$1.tsv" ||
		die "the connections could not be counted; $(process_last_words "$RUN_DIR/log/watch.log")"
}

# watch_end NAME: no more; the most that were open at a time are figures.
watch_end() {
	child_alive watch ||
		die "the connections could not be counted; $(process_last_words "$RUN_DIR/log/watch.log")"
	child_end watch || true
	jq -R -s '{ peak: ([split("\n")[] | split("\t")[1] // "0" | tonumber] | max) }' \
		"$RUN_DIR/$1.tsv" | lab_figures "$1"
}

# rush WAY: the users come, and stay until they have made their calls and all coupons are
# issued that will be.
rush() {
	local name=$1 ports
	lab_way "$1"
	stack_fresh "$TOPIC_PARTITIONS"
	stack_delivery 1 "${LAB_WAY[@]}" DELIVERY_DELAY_MS=0
	stack_orders "$ORDER_SERVICES" "${LAB_WAY[@]}"
	ports=$(seq "$ORDER_SERVICES" | while read -r number; do
		say "$(stack_order_port "$number")"
	done | paste -s -d ,)
	: >"$RUN_DIR/$name-acks.txt"
	sampler_start "$name-cpu"
	watch_start "$name-connections"
	load_start "$name-users" PORTS="$ports" RATE=0 COUNT="$CALLS" CONNECTIONS="$USERS" \
		TIMEOUT_MS=$((PATIENCE_S * 1000)) ACKS="$RUN_DIR/$name-acks.txt"
	load_wait "$name-users" "calls of $USERS users" "$CALLS"
	[[ $name != kafka ]] || lab_await "coupons" "$(figure "$name-users" .answered)" \
		delivery_events_applied_total "$DELIVERY_PORT"
	watch_end "$name-connections"
	sampler_end
	stack_sql_file lab/sql/coupons.sql <"$RUN_DIR/$name-acks.txt" | lab_figures "$name-coupons"
}

main() {
	(($# == 0)) || usage
	lab_settings lab-rush
	USERS=$(lab_scaled 600 6000 6000)
	CALLS=$((USERS * $(lab_scaled 2 5 50)))
	require_open_files $((2 * USERS))
	lab_open "$CONNECTIONS"
	lab_set users="$USERS" calls="$CALLS" connections="$CONNECTIONS"
	output_step "1. Without Kafka"
	output_paragraph "$USERS users come at once. Each call takes a thread of one of" \
		"$ORDER_SERVICES order-services (200 each), which opens a connection to the database, calls" \
		"delivery-service, which opens another, and answers when the coupon is issued. The" \
		"database allows $CONNECTIONS connections. Who is refused tries again at once."
	rush http
	lab_finished http
	output_step "2. The same with pools of ten connections, as a Spring service has them"
	rush pool
	lab_finished pool
	output_step "3. The same with group commit: orders that wait share a transaction and a call"
	rush group
	lab_finished group
	output_step "4. With Kafka"
	output_paragraph "The same users, services, threads and database. order-service writes what waits" \
		"over one connection and answers; delivery-service issues the coupons as it gets to them."
	rush kafka
	output_progress "the history checker looks at every order, event and acknowledgement"
	stack_verify "$CALLS" ACKS="$RUN_DIR/kafka-acks.txt"
	lab_finished kafka
	lab_result
}

main "$@"
