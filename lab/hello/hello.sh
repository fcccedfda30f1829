#!/usr/bin/env bash
# Hello, Kafka: the smallest producer and consumer on three brokers. It starts a temporary stack's
# servers, plays what the usage says, and stops what it started. This is what `make lab-hello` runs.
#
# usage: lab/hello/hello.sh    (no arguments)
#   1. A topic has four partitions with two replicas each, a leader and a follower.
#   2. REST in: POST /messages; the consumer prints each message.
#   3. Five consumers share four partitions: one is idle. When another one leaves, it takes over.
#   4. A leader is killed: its follower takes over, and messages come as before.
# Exit status: 0 everything went as promised, 1 not so, or something failed.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
. "$REPO_DIR/lab/terminal_output.sh"
. "$REPO_DIR/stack/temporary_stack.sh"
. "$REPO_DIR/stack/brokers.sh"

readonly PATIENCE=120 # nothing here is about speed
SENT=0

# send COUNT: that many messages, and waits until each was printed.
send() {
	local number
	for ((number = 0; number < $1; number++)); do
		SENT=$((SENT + 1))
		curl -f -sS --noproxy '*' --max-time 30 -o /dev/null -d "hello $SENT" "http://127.0.0.1:$ORDER_PORT/messages"
	done
	wait_until "$PATIENCE" "$SENT messages are printed" received_all || exit 1
}

received() { sed -n 's/^receive message: \(hello [0-9]*\) .*/\1/p' "$RUN_DIR"/consumer-*.out; }
received_all() { [[ $(received | sort -u | wc -l) == "$SENT" ]]; }
consumer() { child_start "consumer-$1" "$RUN_DIR/consumer-$1.out" "$BUILD_DIR/hello-consumer" "$KAFKA_SERVERS" hello consumer1; }
last_share() { grep -h 'partition' "$RUN_DIR/consumer-$1.out" | grep -v '^receive' | tail -n 1; }

# shares BUSY IDLE: so many consumers have partitions, and so many have none.
shares() {
	local number busy=0 idle=0
	for number in "${!CHILDREN[@]}"; do
		[[ $number == consumer-* ]] || continue
		case $(last_share "${number#consumer-}") in
		'my partitions: '*) busy=$((busy + 1)) ;;
		*idle) idle=$((idle + 1)) ;;
		esac
	done
	((busy == $1 && idle == $2))
}

show_shares() {
	local number
	for number in 1 2 3 4 5; do
		[[ -z ${CHILDREN[consumer-$number]-} ]] || output_line "  consumer $number: $(last_share "$number")"
	done
}

require_command curl kcat jq setsid setpriv
require_programs hello-producer hello-consumer topics
export BROKERS=3 REPLICATION=2 KAFKA_TOPIC=hello
temporary_stack_open lab-hello
output_step "1. Four partitions, two replicas each, three brokers"
temporary_stack_start servers
picture=$("$REPO_DIR/kafka/topics.sh" describe hello)
say "$picture"
[[ $(grep -c "Replicas: [123],[123][[:space:]]" <<<"$picture") == 4 ]] || die "these are not four partitions with two replicas"

output_step "2. REST in, Kafka, consumer prints"
child_start producer "$RUN_DIR/producer.out" "$BUILD_DIR/hello-producer" "$KAFKA_SERVERS" hello "$ORDER_PORT"
wait_until "$PATIENCE" "the producer listens" port_open "$ORDER_PORT" || exit 1
consumer 1
send 8
cat "$RUN_DIR/consumer-1.out"

output_step "3. Five consumers of one group, four partitions"
for number in 2 3 4 5; do consumer "$number"; done
wait_until "$PATIENCE" "four have a partition and one is idle" shares 4 1 || exit 1
show_shares
for number in 1 2; do [[ $(last_share "$number") == *idle ]] || break; done
child_end "consumer-$number" || true
wait_until "$PATIENCE" "the idle one takes over" shares 4 0 || exit 1
output_progress "consumer $number has left; the one that was idle took over"
show_shares
send 8

output_step "4. The leader of partition 0 is killed"
brokers_read
leader=${LEADER[0]}
brokers_kill "$leader"
wait_until "$PATIENCE" "its follower takes over" brokers_lead_without "$leader" || exit 1
"$REPO_DIR/kafka/topics.sh" describe hello
send 8
output_verdict 1 "$SENT messages were sent and printed, before and after the loss of broker $leader."
