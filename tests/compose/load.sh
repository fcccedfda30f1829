# shellcheck shell=bash
# Load on the order API, and the history checker's verdict on it. To be sourced after
# tests/compose/project.sh.

# load_begin [PORTS]: clients that place, change and cancel orders, and know what they were
# promised.
load_begin() {
	: >"$RUN_DIR/acks.txt"
	child_start clients "$RUN_DIR/clients.txt" env ORDER_PORTS="${1:-$ORDER_PORT}" \
		ACKS="$RUN_DIR/acks.txt" RATE=100 SEED="$RANDOM" "$BUILD_DIR/order-clients"
	load_flows 100
}

# load_flows COUNT: waits until so many more operations are acknowledged, or dies.
load_flows() {
	wait_until 60 "$1 more operations are acknowledged" \
		load_reached $(($(wc -l <"$RUN_DIR/acks.txt") + $1)) ||
		die "no load gets through; $(process_last_words "$RUN_DIR/log/clients.log")"
}

load_reached() { (($(wc -l <"$RUN_DIR/acks.txt") >= $1)); }

# load_result NAME: prints one of the clients' counts.
load_result() { sed -n "s/^result .*\b$1=\([0-9]*\).*/\1/p" "$RUN_DIR/clients.txt"; }

# load_check: the history checker; standard input: what was acknowledged.
load_check() { compose run --rm -T -e WAIT=90 -e ACKS=/dev/stdin verify --json; }

# judged FILTER: prints a value of its report.
judged() { jq -r "$1" "$RUN_DIR/verify.json"; }

# expect_history CHECK: no more load; every answer was as it must be, and the checker finds nothing.
expect_history() {
	local status=0
	child_end clients || status=$?
	expect "every answer was as it must be: $(load_result acknowledged) operations, $(
		load_result retries) calls repeated, longest pause $(
		load_result longest_pause_ms) ms" [ "$status" = 0 ]
	status=0
	"$1" <"$RUN_DIR/acks.txt" >"$RUN_DIR/verify.json" || status=$?
	expect "the checker finds nothing: $(judged .counts.order_events) Order* events, $(
		judged .counts.effects) effects, $(judged .counts.delivery_events) Delivery* events" \
		[ "$status" = 0 ]
}
