#!/usr/bin/env bash
# A temporary stack: fresh data, started, and stopped with the script, whatever ends it. For labs,
# benchmarks and tests. To be sourced after stack/process.sh.
#
# It lives in the folder $RUN_DIR/NAME, which becomes RUN_DIR, so it never touches the data of
# `make up`; it has the same ports. Only a folder that temporary_stack_open made is ever removed.
#
# usage: stack/temporary_stack.sh run NAME PROGRAM [ARGUMENT...]
#   runs a program that is no script with the stack's folder (RUN_DIR) and ports in its environment.
#   It starts what it wants by stack/stack.sh. The exit status is the program's.
#
# Functions:
#   temporary_stack_open NAME [AT_END]    a fresh folder, ports that are free, and the traps. AT_END:
#                                         what ends it, instead of temporary_stack_down
#   temporary_stack COMMAND...            stack/stack.sh, which Ctrl-C does not cut off; its output is
#                                         in TEMPORARY_STACK_OUTPUT; dies if it fails
#   temporary_stack_start [COMMAND]       up (default) or servers, and says so
#   temporary_stack_begin SCRIPT ARGUMENT..., temporary_stack_end   any script likewise, in two steps
#   temporary_stack_require_alive         nothing that should run has ended, or die
#   temporary_stack_down                  stops it
# A stack to measure on: stack_fresh is the beginning of every measurement; a service that is started
# then has the settings that the measurement names, and its defaults.
#   stack_open NAME CONNECTIONS [AT_END]  PostgreSQL, with that many connections, and Kafka
#   stack_fresh PARTITIONS                no service, empty tables, a new topic: KAFKA_TOPIC
#   stack_orders COUNT [SETTING=VALUE...], stack_delivery COUNT [SETTING=VALUE...]   ready services
#   stack_topic NAME PARTITIONS           makes a topic
#   stack_sql SQL                         runs it as the owner of the database, prints what it selects
#   stack_sql_file FILE [NAME=VALUE...]   runs a script of the project likewise, columns separated by
#                                         tabs; its \copy from pstdin reads standard input
#   stack_metric NAME PORT...             prints the sum of the services' sample; no answer: 0
#   stack_verify EFFECTS [SETTING=VALUE...]  the history checker finds nothing wrong, and that many
#                                         effects; or die, since a wrong answer is not fast
[[ -n ${REPO_DIR-} ]] || . "$(dirname "$(realpath "$0")")/../stack/process.sh"
. "$REPO_DIR/stack/settings.sh"

export PAGE=${PAGE:-off} # nobody looks
TEMPORARY_STACK_PID=    # stack/stack.sh at work
TEMPORARY_STACK_UP=     # there is something to stop
TEMPORARY_STACK_NICE=0  # of all that runs in it, for labs whose load must come first
TEMPORARY_STACK_AT_END= # what ends it
TEMPORARY_STACK_STDOUT=
STACK_TOPICS=0 # made so far
readonly TEMPORARY_STACK_MARK=made-by-a-lab

temporary_stack_open() {
	temporary_stack_prepare "$1"
	TEMPORARY_STACK_AT_END=${2-}
	exec {TEMPORARY_STACK_STDOUT}>&1
	trap temporary_stack_close EXIT
	trap 'exit 129' HUP
	trap 'temporary_stack_interrupted; exit 130' INT
	trap 'exit 141' PIPE
	trap 'temporary_stack_interrupted; exit 143' TERM
}

# temporary_stack_prepare NAME: a fresh folder and free ports.
temporary_stack_prepare() {
	lock_take "$1" 0
	RUN_DIR=$RUN_DIR/$1
	temporary_stack_clean
	settings_complete
	export STACK_URL
	STACK_URL=$(stack_url lab)
	settings_require_room 2
}

# temporary_stack_clean: stops what a lab that was killed left running, and removes its data.
temporary_stack_clean() {
	if [[ -e $RUN_DIR/$TEMPORARY_STACK_MARK ]]; then
		"$REPO_DIR/stack/stack.sh" down >/dev/null ||
			die "what runs in $RUN_DIR cannot be stopped (the reason is above)"
		temporary_stack_stop_others
		rm -rf "$RUN_DIR" 2>/dev/null ||
			die "$(id -un) cannot remove $RUN_DIR: do it as its owner, or set RUN_DIR"
	elif [[ -e $RUN_DIR ]]; then
		die "$RUN_DIR is there and no lab made it: move it away, or set RUN_DIR"
	fi
	run_dir_prepare
	: >"$RUN_DIR/$TEMPORARY_STACK_MARK"
}

temporary_stack() {
	temporary_stack_begin stack/stack.sh "$@"
	temporary_stack_end
}

# In a session of its own, so that Ctrl-C does not come between the start of a process and the note
# of its pid.
temporary_stack_begin() {
	TEMPORARY_STACK_UP=1
	setsid nice -n "$TEMPORARY_STACK_NICE" "$REPO_DIR/$1" "${@:2}" >"$RUN_DIR/log/stack.log" \
		</dev/null &
	TEMPORARY_STACK_PID=$!
}

temporary_stack_end() {
	local status=0
	wait "$TEMPORARY_STACK_PID" || status=$?
	TEMPORARY_STACK_PID=
	TEMPORARY_STACK_OUTPUT=$(<"$RUN_DIR/log/stack.log")
	((status == 0)) || exit 1 # it has said why
}

temporary_stack_start() {
	progress "starting PostgreSQL and Kafka, with no data"
	temporary_stack "${1-up}"
	progress "PostgreSQL is up on port $PG_PORT, Kafka on port $(kafka_ports)"
}

temporary_stack_require_alive() {
	local file name
	for file in "$RUN_DIR"/pid/*; do
		name=${file##*/}
		process_alive "$name" || [[ ! -e $file || $name == *.* ]] ||
			die "$name has ended; $(process_last_words "$RUN_DIR/log/$name.log")"
	done
}

# temporary_stack_interrupted: says that the stop is on its way. The signal may have come within a
# read that has an IFS of its own, or within a command whose output goes elsewhere.
temporary_stack_interrupted() {
	local IFS=$' \t\n'
	exec >&"$TEMPORARY_STACK_STDOUT"
	say ""
	progress "interrupted"
}

# temporary_stack_close: at the script's end, however it came. Not to be interrupted. The terminal or
# pipe may be gone by now.
temporary_stack_close() {
	local IFS=$' \t\n'
	trap '' HUP INT TERM
	trap : PIPE # not '', which the commands below would inherit
	set +e
	[[ -z $TEMPORARY_STACK_PID ]] || kill "$TEMPORARY_STACK_PID" 2>/dev/null
	[[ -z $TEMPORARY_STACK_PID ]] || wait "$TEMPORARY_STACK_PID"
	"${TEMPORARY_STACK_AT_END:-temporary_stack_down}"
}

# temporary_stack_stop_others: what the program has started beside the stack.
temporary_stack_stop_others() {
	local file
	for file in "$RUN_DIR"/pid/*; do
		[[ ! -e $file ]] || process_stop "${file##*/}" 5
	done
}

temporary_stack_down() {
	children_signal KILL
	children_wait
	[[ -n $TEMPORARY_STACK_UP ]] || return 0
	"$REPO_DIR/stack/stack.sh" down >/dev/null
	temporary_stack_stop_others
	progress "all is stopped; the logs are in $(quoted "$RUN_DIR/log")" 2>/dev/null
}

# temporary_stack_end_program: the program has ended, then the stack.
temporary_stack_end_program() {
	children_signal TERM
	children_wait
	temporary_stack_down
}

# --- a stack to measure on ----------------------------------------------------------------------

stack_open() {
	temporary_stack_open "$1" "${3-}"
	temporary_stack_start servers
	stack_sql "alter system set max_connections = $2"
	nice -n "$TEMPORARY_STACK_NICE" "$REPO_DIR/sql/cluster.sh" restart >/dev/null
}

stack_sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$STACK_URL" <<<"$1" || die "PostgreSQL refused: $1"
}

stack_sql_file() {
	local variable variables=()
	for variable in "${@:2}"; do
		variables+=(-v "$variable")
	done
	psql -X -q -A -t -F $'\t' -v ON_ERROR_STOP=1 "${variables[@]}" -f "$REPO_DIR/$1" \
		-d "$STACK_URL" || die "PostgreSQL refused $1"
}

stack_stop() {
	temporary_stack scale 0
	temporary_stack scale-orders 0
}

stack_fresh() {
	stack_stop
	stack_sql_file sql/empty.sql
	stack_sql checkpoint
	STACK_TOPICS=$((STACK_TOPICS + 1))
	export KAFKA_TOPIC=load.$STACK_TOPICS
	stack_topic "$KAFKA_TOPIC" "$1"
}

stack_topic() { "$REPO_DIR/kafka/topics.sh" create "$1" "$2" >/dev/null; }

stack_orders() {
	(($# == 1)) || local -x "${@:2}"
	temporary_stack scale-orders "$1"
}

stack_delivery() {
	(($# == 1)) || local -x "${@:2}"
	temporary_stack scale "$1"
}

stack_metric() {
	local name=$1 port
	for port in "${@:2}"; do
		curl -s --noproxy '*' --max-time 2 "$SCHEME://127.0.0.1:$port/metrics" || true
	done | awk -v name="$name" '$1 == name { sum += $2 } END { printf "%.0f", sum }'
}

stack_verify() {
	local effects=$1 found log=$RUN_DIR/log/verify.log
	env DATABASE_URL="$STACK_URL" WAIT=120 ACKS= "${@:2}" "$BUILD_DIR/verify-history" --json \
		>"$RUN_DIR/verify.json" 2>"$log" ||
		die "the history checker: $(jq -r '.violations[0].kind // "no verdict"' \
			"$RUN_DIR/verify.json" 2>/dev/null) (see $RUN_DIR/verify.json, $log)"
	found=$(jq -r .counts.effects "$RUN_DIR/verify.json")
	[[ $found == "$effects" ]] || die "effects: $found, not $effects"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
	[[ $# -ge 3 && $1 == run ]] || usage
	temporary_stack_open "$2" temporary_stack_end_program
	TEMPORARY_STACK_UP=1
	cd "$REPO_DIR"
	setsid "${@:3}" <&0 &
	CHILDREN[program]=$!
	wait "$!"
fi
