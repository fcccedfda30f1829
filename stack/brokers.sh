# shellcheck shell=bash
# The brokers of a lab: lost and back again, who leads the partitions of the lab's topic, and who has
# all of them. To be sourced after stack/process.sh, lab/terminal_output.sh, stack/temporary_stack.sh and
# lab/progress.sh.

LEADER=()  # of each partition: the number of the broker; -1: none
IN_SYNC=() # of each partition: the brokers that have all of it, as "1,2,3"

# brokers_kill NUMBER...: kill -9. Sets KILLED_MS: none of them runs any more.
brokers_kill() {
	local number
	for number; do
		process_pid "kafka-$number" || die "kafka-$number does not run"
		output_progress "kill -9 $PROCESS_PID: broker $number on port $(kafka_node_port "$number")"
		process_stop "kafka-$number" 5 KILL
	done
	progress_now
	# shellcheck disable=SC2034 # for the labs
	KILLED_MS=$NOW_MS
}

# brokers_return: those that do not run are started, together. Sets BACK_MS: all of them answer.
brokers_return() {
	local begin_ms
	progress_now
	begin_ms=$NOW_MS
	temporary_stack_begin kafka/broker.sh start
	temporary_stack_end
	progress_now
	BACK_MS=$NOW_MS
	output_progress "all brokers answer, $(in_seconds $((BACK_MS - begin_ms))) after the start"
}

# brokers_read: asks those that run; returns 1 if none of them answers.
brokers_read() {
	local rows partition leader in_sync
	rows=$(kcat -q -L -J -b "$(brokers_running)" -t "$KAFKA_TOPIC" -m 2 2>/dev/null | jq -r '
		.topics[0].partitions[]
		| [.partition, .leader, ([.isrs[].id] | sort | join(","))] | @tsv') &&
		[[ -n $rows ]] || return 1
	LEADER=() IN_SYNC=()
	while IFS=$'\t' read -r partition leader in_sync; do
		LEADER[partition]=$leader
		IN_SYNC[partition]=$in_sync
	done <<<"$rows"
}

# brokers_running: prints the addresses of those that run, comma separated.
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
	local leader
	brokers_read || return 1
	for leader in "${LEADER[@]}"; do
		((leader > 0 && leader != $1)) || return 1
	done
}

# brokers_whole: each has all of every partition.
brokers_whole() {
	local in_sync all
	all=$(seq -s , "$BROKERS")
	brokers_read || return 1
	for in_sync in "${IN_SYNC[@]}"; do
		[[ $in_sync == "$all" ]] || return 1
	done
}

# brokers_show [LEADER_BEFORE...]: who leads which partition, and who led it before.
brokers_show() {
	local partition before=("$@")
	output_line
	brokers_row partition "${1:+leader before}" leader 'in sync'
	for partition in "${!LEADER[@]}"; do
		brokers_row "$partition" "${1:+broker ${before[partition]-}}" \
			"broker ${LEADER[partition]}" "${IN_SYNC[partition]}"
	done
	output_line
}

# brokers_row PARTITION LEADER_BEFORE LEADER IN_SYNC: a line; without LEADER_BEFORE no such column.
brokers_row() {
	local line
	printf -v line '%-14s ' "$1" ${2:+"$2"} "$3"
	output_line "${line}$4"
}
