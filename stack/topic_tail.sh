# shellcheck shell=bash
# The topic, live, for a lab: kcat follows it in the background, and whatever came is taken in and
# shown while the lab waits. To be sourced after stack/process.sh and lab/terminal_output.sh.
#
# Its one invariant: only topic_tail_pump reads and prints, between the lab's own lines, so two lines
# never mix; and a message is taken in once, however often a rebalance of the follower brings it.

declare -A TOPIC_TAIL_SEEN      # "partition:offset" of every message
declare -A TOPIC_TAIL_TIME_CS   # "order type" -> when it came here
declare -A TOPIC_TAIL_PUBLISHED # order -> its Order* events, lines of "version type"
declare -A TOPIC_TAIL_ANNOUNCED # order -> its Delivery* events, lines of "type partition offset"
TOPIC_TAIL_SHOW=1               # 0: taken in, not shown
TOPIC_TAIL_FD=
TOPIC_TAIL_PARTIAL=             # the beginning of a line that has not come as a whole yet

# kcat's JSON as one line: partition, offset, key, type, order, version, separated by tabs.
# shellcheck disable=SC2016 # jq's variables
readonly TOPIC_TAIL_JQ='
	def header($name): .headers as $h | ($h // [] | index($name)) as $i
		| if $i == null then "-" else $h[$i + 1] // "-" end
		| ltrimstr("\"") | rtrimstr("\"");
	(.payload // "" | fromjson? // {} | objects) as $event
	| [.partition, .offset, .key // "-", header("type"), $event.orderId // $event.id // "-",
		$event.version // "-"] | @tsv'

# topic_tail_open: starts to follow the topic from its beginning, new partitions included. The kernel ends
# both processes with this one, however it ends.
topic_tail_open() {
	local raw log=$RUN_DIR/log/topic.log
	exec {raw}< <(exec setpriv --pdeathsig KILL kcat -q -u -J -b "127.0.0.1:$KAFKA_PORT" \
		-X partition.assignment.strategy=cooperative-sticky -X auto.offset.reset=earliest \
		-X enable.auto.commit=false -X topic.metadata.refresh.interval.ms=1000 \
		-G "lab-topic-tail-$$" "$KAFKA_TOPIC" 2>>"$log")
	exec {TOPIC_TAIL_FD}< <(exec setpriv --pdeathsig KILL jq -r --unbuffered "$TOPIC_TAIL_JQ" \
		<&"$raw" 2>>"$log")
	exec {raw}<&-
}

# topic_tail_pump SECONDS: takes in one message; returns 1 if none came within the seconds.
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
	topic_tail_take "$line"
}

# topic_tail_take LINE: notes and shows a message.
topic_tail_take() {
	local partition offset key type order version
	IFS=$'\t' read -r partition offset key type order version <<<"$1"
	[[ -z ${TOPIC_TAIL_SEEN["$partition:$offset"]-} ]] || return 0
	TOPIC_TAIL_SEEN["$partition:$offset"]=1
	clock_cs
	TOPIC_TAIL_TIME_CS["$order $type"]=$CLOCK_CS
	case $type in
	Order*) TOPIC_TAIL_PUBLISHED[$order]+="$version $type"$'\n' ;;
	Delivery*) TOPIC_TAIL_ANNOUNCED[$order]+="$type $partition $offset"$'\n' ;;
	esac
	((TOPIC_TAIL_SHOW == 0)) ||
		output_event "$KAFKA_TOPIC" "$partition" "$offset" "$key" "$type" "$order" "$version"
}

# topic_tail_has ORDER TYPE...: all these events of the order have come.
topic_tail_has() {
	local order=$1 type
	shift
	for type; do
		[[ -n ${TOPIC_TAIL_TIME_CS["$order $type"]-} ]] || return 1
	done
}

# topic_tail_missing ORDER TYPE...: prints the first of these events that has not come.
topic_tail_missing() {
	local type
	for type in "${@:2}"; do
		topic_tail_has "$1" "$type" || { printf '%s' "$type" && return 0; }
	done
}

# topic_tail_published ORDER: prints the types of its Order* events on the topic, by version.
topic_tail_published() {
	sort -n <<<"${TOPIC_TAIL_PUBLISHED[$1]-}" | awk 'NF { sub(/^Order/, "", $2); print $2 }' |
		paste -s -d ' '
}

# topic_tail_announced ORDER: prints the types of its Delivery* events by offset; an event that is not in
# the first one's partition, where offsets prove nothing, with its partition.
topic_tail_announced() {
	sort -s -k 2,2n -k 3,3n <<<"${TOPIC_TAIL_ANNOUNCED[$1]-}" | awk '
		NF {
			sub(/^Delivery/, "", $1)
			if (!seen++)
				first = $2
			print $2 == first ? $1 : $1 "@" $2
		}' | paste -s -d ' '
}
