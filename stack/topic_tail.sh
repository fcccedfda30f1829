# shellcheck shell=bash
# The topic, live, for a lab: kcat follows it in the background, and whatever came is received and
# shown while the lab waits. To be sourced after stack/process.sh.
#
# Invariant: only topic_tail_pump reads and prints, between the lab's own lines, so two lines never
# mix; and a message is received once, however often a rebalance of the follower brings it.
#
#   topic_tail_open                 starts to follow the topic from its beginning, new partitions
#                                   included; the messages are also in $RUN_DIR/topic.tsv
#   topic_tail_pump SECONDS         receives one message; returns 1 if none came within the seconds
#   topic_tail_has ORDER TYPE...    all these events of the order have come
#   topic_tail_missing ORDER TYPE...   prints the first of these events that has not come

declare -A TOPIC_TAIL_SEEN    # "partition:offset" of every message
declare -A TOPIC_TAIL_TIME_CS # "order type" -> when it came here
TOPIC_TAIL_SHOW=              # the command that shows a message's columns; empty: none
TOPIC_TAIL_FD=
TOPIC_TAIL_PARTIAL=           # the beginning of a line that has not come as a whole yet

# The kernel ends both processes with this one, however it ends.
topic_tail_open() {
	local raw log=$RUN_DIR/log/topic.log
	: >"$RUN_DIR/topic.tsv"
	exec {raw}< <(exec setpriv --pdeathsig KILL kcat -q -u -J -b "127.0.0.1:$KAFKA_PORT" \
		-X partition.assignment.strategy=cooperative-sticky -X auto.offset.reset=earliest \
		-X enable.auto.commit=false -X topic.metadata.refresh.interval.ms=1000 \
		-G "lab-topic-tail-$$" "$KAFKA_TOPIC" 2>>"$log")
	exec {TOPIC_TAIL_FD}< <(exec setpriv --pdeathsig KILL jq -r --unbuffered \
		-L "$REPO_DIR/stack" 'include "topic"; fields' <&"$raw" 2>>"$log")
	exec {raw}<&-
}

topic_tail_pump() {
	local line status=0
	read -r -t "$1" -u "$TOPIC_TAIL_FD" || status=$?
	TOPIC_TAIL_PARTIAL+=$REPLY
	if ((status != 0)); then
		((status > 128)) ||
			die "kcat stopped following the topic: see $RUN_DIR/log/topic.log"
		return 1
	fi
	line=$TOPIC_TAIL_PARTIAL
	TOPIC_TAIL_PARTIAL=
	topic_tail_receive "$line"
}

# topic_tail_receive LINE: notes and shows a message.
topic_tail_receive() {
	local partition offset key type order version
	IFS=$'\t' read -r partition offset key type order version <<<"$1"
	[[ -z ${TOPIC_TAIL_SEEN["$partition:$offset"]-} ]] || return 0
	TOPIC_TAIL_SEEN["$partition:$offset"]=1
	clock_cs
	TOPIC_TAIL_TIME_CS["$order $type"]=$CLOCK_CS
	printf '%s\n' "$1" >>"$RUN_DIR/topic.tsv"
	[[ -z $TOPIC_TAIL_SHOW ]] || "$TOPIC_TAIL_SHOW" "$KAFKA_TOPIC" "$partition" "$offset" \
		"$key" "$type" "$order" "$version"
}

topic_tail_has() {
	local order=$1 type
	for type in "${@:2}"; do
		[[ -n ${TOPIC_TAIL_TIME_CS["$order $type"]-} ]] || return 1
	done
}

topic_tail_missing() {
	local type
	for type in "${@:2}"; do
		topic_tail_has "$1" "$type" || { printf '%s' "$type" && return 0; }
	done
}
