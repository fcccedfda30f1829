# shellcheck shell=bash
# The brokers of a lab: lost and back again, who leads the partitions of the lab's topic, and who has
# all of them. To be sourced after stack/process.sh and stack/settings.sh.

LEADER=()  # of each partition: the number of the broker; -1: none
IN_SYNC=() # of each partition: the brokers that have all of it, as "1,2,3"
BROKER_ADDRESSES= # whom to ask, comma separated; empty: those that run in RUN_DIR

# wall_ms: prints the wall clock, in ms.
wall_ms() { printf '%s' $((${EPOCHREALTIME/[.,]/} / 1000)); }

# brokers_kill NUMBER...: kill -9. Sets KILLED_MS: none of them runs any more.
brokers_kill() {
	local number
	for number; do
		process_pid "kafka-$number" || die "kafka-$number does not run"
		progress "kill -9 $PROCESS_PID: broker $number on port $(kafka_node_port "$number")"
		process_stop "kafka-$number" 5 KILL
	done
	KILLED_MS=$(wall_ms)
}

# brokers_return: those that do not run are started, together; all answer.
brokers_return() {
	local begin_ms
	begin_ms=$(wall_ms)
	temporary_stack_begin kafka/broker.sh start
	temporary_stack_end
	progress "all brokers answer, $(($(wall_ms) - begin_ms)) ms after the start"
}

# brokers_read: asks those that run; returns 1 if none of them answers.
brokers_read() {
	local rows partition leader in_sync
	rows=$(kcat -q -L -J -b "${BROKER_ADDRESSES:-$(brokers_running)}" -t "$KAFKA_TOPIC" -m 2 2>/dev/null | jq -r '
		.topics[0].partitions[]
		| [.partition, .leader, ([.isrs[].id] | sort | join(","))] | @tsv') &&
		[[ -n $rows ]] || return 1
	LEADER=() IN_SYNC=()
	while IFS=$'\t' read -r partition leader in_sync; do
		LEADER[partition]=$leader
		IN_SYNC[partition]=$in_sync
	done <<<"$rows"
}

brokers_running() {
	local number servers=''
	for ((number = 1; number <= BROKERS; number++)); do
		process_gone "kafka-$number" ||
			servers+=${servers:+,}127.0.0.1:$(kafka_node_port "$number")
	done
	printf '%s' "$servers"
}

# brokers_lead_without NUMBER: every partition has a leader, and it is another one.
brokers_lead_without() {
	brokers_read && [[ " ${LEADER[*]} " != *" $1 "* && " ${LEADER[*]} " != *' -1 '* ]]
}

brokers_whole() {
	local in_sync all
	all=$(seq -s , "$BROKERS")
	brokers_read || return 1
	for in_sync in "${IN_SYNC[@]}"; do
		[[ $in_sync == "$all" ]] || return 1
	done
}
