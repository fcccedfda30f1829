# shellcheck shell=bash
# A temporary stack: fresh data, started, and stopped with the lab, whatever ends it. To be
# sourced after stack/process.sh and lab/terminal_output.sh.
#
# It lives in a folder below $RUN_DIR, which becomes RUN_DIR, so it never touches the data of
# `make up`; it has the same ports. Only a folder that temporary_stack_open made is ever removed.

# shellcheck source=kafka/nodes.sh
. "$REPO_DIR/kafka/nodes.sh"

TEMPORARY_STACK_PID=   # stack/stack.sh at work
TEMPORARY_STACK_UP=    # there is something to stop
TEMPORARY_STACK_NICE=0 # of all that runs in it, for labs whose load must come first
TEMPORARY_STACK_STDOUT=
readonly TEMPORARY_STACK_MARK=made-by-a-lab

# temporary_stack_open NAME: a fresh folder $RUN_DIR/NAME, ports that are free, and the traps.
temporary_stack_open() {
	local stack_dir=$RUN_DIR name=$1 fd
	: "${PG_PORT:=15432}" "${ORDER_PORT:=8081}" "${DELIVERY_PORT:=8082}"
	: "${KAFKA_TOPIC:=kafka.scaling}"
	export PG_PORT ORDER_PORT DELIVERY_PORT KAFKA_TOPIC
	require_number ORDER_PORT 1 65535
	require_number DELIVERY_PORT 1 65534
	run_dir_prepare
	exec {fd}>"$RUN_DIR/pid/.$name.lock"
	flock -n "$fd" || die "another make $name runs in $stack_dir: wait for it, or set RUN_DIR"
	RUN_DIR=$stack_dir/$name
	temporary_stack_clean
	kafka_nodes
	temporary_stack_require_ports
	exec {TEMPORARY_STACK_STDOUT}>&1
	trap temporary_stack_close EXIT
	trap 'exit 129' HUP
	trap 'temporary_stack_interrupted; exit 130' INT
	trap 'exit 141' PIPE
	trap 'temporary_stack_interrupted; exit 143' TERM
}

# temporary_stack_clean: stops what a lab that was killed left running, and removes its data.
temporary_stack_clean() {
	if [[ -e $RUN_DIR/$TEMPORARY_STACK_MARK ]]; then
		"$REPO_DIR/stack/stack.sh" down >/dev/null ||
			die "what runs in $RUN_DIR cannot be stopped (the reason is above)"
		rm -rf "$RUN_DIR" 2>/dev/null ||
			die "$(id -un) cannot remove $RUN_DIR: do it as its owner, or set RUN_DIR"
	elif [[ -e $RUN_DIR ]]; then
		die "$RUN_DIR is there and no lab made it: move it away, or set RUN_DIR"
	fi
	run_dir_prepare
	: >"$RUN_DIR/$TEMPORARY_STACK_MARK"
}

# temporary_stack_require_ports: all ports are free, those of two delivery-services too, or one line that
# says what to do.
temporary_stack_require_ports() {
	local name node
	# shellcheck disable=SC2034 # for the labs
	SECOND_DELIVERY_PORT=$((DELIVERY_PORT + 1))
	for name in ORDER_PORT {,SECOND_}DELIVERY_PORT PG_PORT; do
		temporary_stack_require_port "${!name}" "${name#SECOND_}"
	done
	for ((node = 1; node <= BROKERS; node++)); do
		temporary_stack_require_port "$(kafka_node_port "$node")" KAFKA_PORT
		temporary_stack_require_port "$(kafka_node_controller_port "$node")" KAFKA_CONTROLLER_PORT
	done
}

# temporary_stack_require_port PORT VARNAME: one of them is free.
temporary_stack_require_port() {
	port_free "$1" || die "port $1 is in use by $(port_owner "$1"):" \
		"make down first, or set $2=<another port>"
}

# temporary_stack COMMAND...: stack/stack.sh, in a session of its own, so that Ctrl-C does not cut it off
# between the start of a process and the note of its pid. Its output is in TEMPORARY_STACK_OUTPUT.
temporary_stack() {
	temporary_stack_begin stack/stack.sh "$@"
	temporary_stack_end
}

# temporary_stack_begin SCRIPT ARGUMENT...: a script of the project likewise, in the background.
temporary_stack_begin() {
	TEMPORARY_STACK_UP=1
	setsid nice -n "$TEMPORARY_STACK_NICE" "$REPO_DIR/$1" "${@:2}" >"$RUN_DIR/log/stack.log" \
		</dev/null &
	TEMPORARY_STACK_PID=$!
}

# temporary_stack_end: waits for it; dies if it failed, which it has explained.
temporary_stack_end() {
	local status=0
	wait "$TEMPORARY_STACK_PID" || status=$?
	TEMPORARY_STACK_PID=
	# shellcheck disable=SC2034 # for the labs
	TEMPORARY_STACK_OUTPUT=$(<"$RUN_DIR/log/stack.log")
	((status == 0)) || exit 1
}

# temporary_stack_busy: it is still at work.
temporary_stack_busy() {
	kill -0 "$TEMPORARY_STACK_PID" 2>/dev/null
}

# temporary_stack_start: PostgreSQL, Kafka, order-service and one replica, with a line for each.
temporary_stack_start() {
	local postgres='' kafka=''
	output_progress "starting PostgreSQL and Kafka, with no data"
	temporary_stack_begin stack/stack.sh up
	while temporary_stack_busy; do
		if [[ -z $postgres ]] && port_open "$PG_PORT"; then
			postgres=1
			output_progress "PostgreSQL is up on port $PG_PORT"
		fi
		if [[ -z $kafka ]] && temporary_stack_kafka_open; then
			kafka=1
			output_progress "Kafka is up on port $(kafka_ports)"
		fi
		sleep 0.05
	done
	temporary_stack_end
}

# temporary_stack_kafka_open: all brokers listen.
temporary_stack_kafka_open() {
	local port
	for port in $(kafka_ports); do
		port_open "$port" || return 1
	done
}

# temporary_stack_require_alive: nothing that should run has ended, or die.
temporary_stack_require_alive() {
	local file name
	for file in "$RUN_DIR"/pid/*; do
		name=${file##*/}
		process_alive "$name" || [[ ! -e $file || $name == *.* ]] ||
			die "$name has ended; $(process_last_words "$RUN_DIR/log/$name.log")"
	done
}

# temporary_stack_interrupted: says that the stop is on its way. The signal may have come within a read
# that has an IFS of its own, or within a command whose output goes elsewhere.
temporary_stack_interrupted() {
	local IFS=$' \t\n'
	exec >&"$TEMPORARY_STACK_STDOUT"
	output_line ""
	output_progress "interrupted"
}

# temporary_stack_close: at the script's end, however it came. Not to be interrupted. The terminal or pipe
# may be gone by now.
temporary_stack_close() {
	local IFS=$' \t\n'
	trap '' HUP INT TERM
	trap : PIPE # not '', which the commands below would inherit
	set +e
	[[ -z $TEMPORARY_STACK_PID ]] || wait "$TEMPORARY_STACK_PID"
	[[ -n $TEMPORARY_STACK_UP ]] || return
	"$REPO_DIR/stack/stack.sh" down >/dev/null
	output_progress "all is stopped; the logs are in $RUN_DIR/log" 2>/dev/null
}
