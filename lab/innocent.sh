#!/usr/bin/env bash
# Ten seconds of many orders on the stack that runs, first synchronously and then through Kafka, and
# beside them an innocent caller who only wants to read an order. The live page draws it. Afterwards
# the settings are those of before, and all is empty: no checker could judge what had no event.
#
# usage: lab/innocent.sh    (no arguments)
# Prints a line a second for each way (http, kafka) and each caller (orders, innocent): way, caller,
# then as build/load --help says: second, calls over, answered, errors, timed out, p50, p99 and the
# longest in ms.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
. "$REPO_DIR/stack/settings.sh"

readonly RATE=300 COUNT=3000 TIMEOUT_MS=5000
# Work that only waits: what is felt does not depend on the machine.
readonly WORKING=(DELIVERY_WORK=wait DELIVERY_DELAY_MS=500 DELIVERY_DELAY_ON=OrderPlaced
	PROCESSING_ORDER=key MAX_CONCURRENCY=100)

# call WAY CALLER SETTING=VALUE...: a load generator, its lines with a name in front.
call() {
	env SERIES=/dev/stdout PORTS="$ORDER_PORT" TIMEOUT_MS="$TIMEOUT_MS" "${@:3}" "$BUILD_DIR/load" |
		sed -u -n "s/^[0-9]/$1\t$2\t&/p"
}

# play WAY: ten seconds of it.
play() {
	local order body='{"customerId":1,"productId":"1","productName":"TV","qty":1,"address":"SEOUL"}'
	say "services with DISPATCH=$1 ..."
	env DISPATCH="$1" "${WORKING[@]}" "$REPO_DIR/stack/stack.sh" up >/dev/null
	order=$(curl -f -s -S --noproxy '*' --max-time 30 --json "$body" \
		"http://127.0.0.1:$ORDER_PORT/orders" | jq .id)
	call "$1" innocent METHOD=GET TARGET="/orders/$order" RATE=20 COUNT=$((COUNT * 20 / RATE)) \
		CONNECTIONS=200 &
	call "$1" orders RATE="$RATE" COUNT="$COUNT" CONNECTIONS="$COUNT"
	wait "$!"
}

(($# == 0)) || usage
settings_load
settings_complete
[[ -z $SECURE ]] || die "this load cannot do with SECURE=$SECURE: it would be handshakes; type it on a stack without SECURE"
require_programs load
process_alive postgres || die "nothing runs in $RUN_DIR: make up"
install -m 600 "$RUN_DIR/$STACK_SETTINGS_FILE" "$RUN_DIR/before.env"
trap 'exec >/dev/null 2>&1; exit 143' TERM # the page stops, and does not wait until all is empty
trap 'mv -f "$RUN_DIR/before.env" "$RUN_DIR/$STACK_SETTINGS_FILE"; "$REPO_DIR/stack/stack.sh" reset' EXIT
play http
play kafka
