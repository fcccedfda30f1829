# shellcheck shell=bash
# The faults, and how what they broke becomes whole again. To be sourced after stack/process.sh and
# lab/terminal_output.sh.
#
# Each fault is a job: a background shell that breaks its target, waits, and mends it. A target has
# one job at a time. Signals go only to processes that process_start recorded and to the sessions
# that the private PostgreSQL names as its own children.
#
# It uses what run.sh has: ORDERS and REPLICAS (how many shall run), SERVICES (their names), SERVERS,
# UNSETTLED, and the plan. In $RUN_DIR/log it writes faults.log (a line for each fault and for each
# mending), violations.log, duplicates.log, parked.log and ranges.log (at each fault: the events
# that waited, the ranges that were done past gaps) and metrics.log (the counters of services that
# were ended).

readonly HEAL_SECONDS=90 # far more than it takes when other faults are at work
readonly STOP_SECONDS=10
declare -A JOB=() # the job's pid, by target

# nemesis_open: what the jobs need. HURRY is a pipe that is empty until the run is broken off.
nemesis_open() {
	local name
	mkfifo "$RUN_DIR/hurry"
	exec {HURRY}<>"$RUN_DIR/hurry"
	for name in faults violations duplicates parked ranges metrics; do
		: >"$RUN_DIR/log/$name.log"
	done
	export PGPASSFILE=$RUN_DIR/pgpass
}

# violation TEXT...: something that must never happen.
violation() {
	output_progress "${RED}VIOLATION: $*$PLAIN"
	printf '%s\n' "$*" >>"$RUN_DIR/log/violations.log"
}

# note KIND TEXT...: a line in the log of the faults.
note() {
	output_elapsed
	printf '%s %s\n' "$ELAPSED" "$*" >>"$RUN_DIR/log/faults.log"
}

# fault KIND TEXT...: it has happened: a line on the screen, with what has been acknowledged by now.
fault() {
	local status='' acknowledged=0
	note "$@"
	status=$(tail -n 1 "$RUN_DIR/log/clients.log")
	[[ ! $status =~ acknowledged=([0-9]+) ]] || acknowledged=${BASH_REMATCH[1]}
	printf -v status '%7d acknowledged | %s' "$acknowledged" "${*:2}"
	output_progress "$status"
	[[ $SEQUENCING == off ]] ||
		database 'select count(*) from delivery.parked' >>"$RUN_DIR/log/parked.log" || true
	[[ $PROCESSING_ORDER == partition ]] ||
		database 'select count(*) from delivery.position_range' \
			>>"$RUN_DIR/log/ranges.log" || true
}

# healed TEXT...: a target is whole again.
healed() {
	note healed "$*"
}

# wait_cs HUNDREDTHS: waits so long, or until the run is broken off; without a process of its own.
wait_cs() {
	local timeout
	printf -v timeout '%d.%02d' $(($1 / 100)) $(($1 % 100))
	read -r -t "$timeout" -u "$HURRY" || true
}

# heal WHAT COMMAND...: repeats the command until it succeeds, for other faults may be at work.
heal() {
	local what=$1 log=$RUN_DIR/log/heal-$1.log
	shift
	if wait_until "$HEAL_SECONDS" "$what is whole" heal_try "$log" "$@" 2>/dev/null; then
		healed "$what"
	else
		violation "$what is not whole after $HEAL_SECONDS s: $(tail -n 1 "$log")"
	fi
}

# heal_try LOG COMMAND...: one try. That a process ends while it starts, or does not stop, is a
# violation, also if the next try succeeds.
heal_try() {
	local output status=0
	local bad='[^'$'\n'']*(ended while starting|ended at once|killing it)[^'$'\n'']*'
	output=$("${@:2}" 2>&1) || status=$?
	printf '%s\n' "$output" >>"$1"
	[[ ! $output =~ $bad ]] ||
		printf '%s\n' "${BASH_REMATCH[0]}" >>"$RUN_DIR/log/violations.log"
	return "$status"
}

# heal_process NAME: starts what shall run of its kind.
heal_process() {
	case $1 in
	order*) heal "$1" "$REPO_DIR/stack/stack.sh" scale-orders "$ORDERS" ;;
	delivery* | replicas) heal "$1" "$REPO_DIR/stack/stack.sh" scale "$REPLICAS" ;;
	kafka-*) heal "$1" "$REPO_DIR/kafka/broker.sh" start "${1#kafka-}" ;;
	postgres) heal "$1" "$REPO_DIR/sql/cluster.sh" start ;;
	esac
}

# keep_metrics NAME: a service's counters begin at 0 when it starts: what it counted before it ends.
keep_metrics() {
	local port
	case $1 in
	order-service) port=$ORDER_PORT ;;
	order-service-*) port=$((ORDER_PORT + 98 + ${1##*-})) ;;
	delivery-*) port=$((DELIVERY_PORT + ${1#*-} - 1)) ;;
	*) return 0 ;;
	esac
	curl -s --noproxy '*' --max-time 1 "http://127.0.0.1:$port/metrics" |
		grep -E '^[a-z_]+_total [0-9]+$' >>"$RUN_DIR/log/metrics.log" || true
}

# database SQL: prints the answer, bare.
database() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 -d "postgresql://lab@127.0.0.1:$PG_PORT/lab" -c "$1" 2>&1
}

# --- the faults: each is a job's body ------------------------------------------------------------

# fault_kill NAME HUNDREDTHS: kill -9, and up again after that time.
fault_kill() {
	local pid
	process_pid "$1" || return 0
	pid=$PROCESS_PID
	keep_metrics "$1"
	process_kill "$1" || violation "$1 (pid $pid) outlives kill -9"
	fault kill "kill -9 $1 (pid $pid)"
	wait_cs "$2"
	heal_process "$1"
}

# fault_stop NAME HUNDREDTHS: SIGTERM, and up again after that time. The broker may take its time to
# hand over; the services promise to end soon.
fault_stop() {
	local begin log=$RUN_DIR/log/stop-$1.log
	process_pid "$1" || return 0
	keep_metrics "$1"
	clock_cs
	begin=$CLOCK_CS
	fault stop "stop $1 (pid $PROCESS_PID)"
	process_stop "$1" "$STOP_SECONDS" >>"$log" 2>&1 || true
	clock_cs
	note stopped "$1 after $(((CLOCK_CS - begin) * 10)) ms"
	[[ $1 == kafka-* ]] || ((CLOCK_CS - begin < STOP_SECONDS * 100)) ||
		violation "$1 did not stop within $STOP_SECONDS s of SIGTERM"
	wait_cs "$2"
	heal_process "$1"
}

# fault_quit NAME HUNDREDTHS: PostgreSQL's immediate stop: no checkpoint, recovery at the start.
fault_quit() {
	process_pid "$1" || return 0
	kill -s QUIT "$PROCESS_PID"
	fault quit "kill -QUIT $1 (pid $PROCESS_PID)"
	wait_until "$STOP_SECONDS" "$1 is gone after SIGQUIT" process_gone "$1" 2>/dev/null ||
		process_kill "$1"
	wait_cs "$2"
	heal_process "$1"
}

# fault_pause NAME HUNDREDTHS: SIGSTOP, and SIGCONT after that time.
fault_pause() {
	local pid seconds
	process_pid "$1" || return 0
	pid=$PROCESS_PID
	kill -s STOP "$pid"
	printf -v seconds '%d.%d' $(($2 / 100)) $(($2 % 100 / 10))
	fault pause "SIGSTOP $1 (pid $pid) for $seconds s"
	wait_cs "$2"
	if process_pid "$1" && ((PROCESS_PID == pid)); then
		kill -s CONT "$pid"
		healed "$1"
	else
		violation "$1 (pid $pid) ended while it was stopped"
	fi
}

# session_of NUMBER: sets SESSION to the pid of one of the services' database sessions.
session_of() {
	SESSION=$(database "select pid from pg_stat_activity
		where usename in ('order_service', 'delivery_service')
		order by md5(pid || ' $1') limit 1") && [[ $SESSION =~ ^[0-9]+$ ]]
}

# fault_end-backend NAME NUMBER: the session is ended as an administrator does it.
fault_end-backend() {
	session_of "$2" || return 0
	[[ $(database "select pg_terminate_backend($SESSION)") == t ]] || return 0
	fault end-backend "pg_terminate_backend of a service's session (pid $SESSION)"
}

# fault_kill-backend NAME NUMBER: kill -9 of the session; PostgreSQL ends all of them and recovers
# then.
fault_kill-backend() {
	local stat
	session_of "$2" && process_pid postgres || return 0
	read -r -a stat </proc/"$SESSION"/stat || return 0
	((stat[3] == PROCESS_PID)) || return 0 # its parent is our server
	kill -s KILL "$SESSION" 2>/dev/null || return 0
	fault kill-backend "kill -9 of a service's database session (pid $SESSION)"
	heal_process postgres
}

# fault_scale NAME NUMBER: that many delivery replicas.
fault_scale() {
	local number
	for ((number = REPLICAS + 1; number <= REPLICAS_BEFORE; number++)); do
		keep_metrics "delivery-$number"
	done
	fault scale "delivery replicas: $REPLICAS_BEFORE -> $REPLICAS"
	heal_process replicas
}

# fault_grow NAME PARTITIONS: more partitions for the topic.
fault_grow() {
	fault grow "topic partitions: -> $2"
	heal topic "$REPO_DIR/kafka/topics.sh" alter "$2"
}

# fault_duplicates NAME COUNT: messages of the topic are produced again.
fault_duplicates() {
	local output
	if output=$(DUPLICATES=$2 SEED=$2 timeout 30 "$BUILD_DIR/tests/fault-duplicates" 2>&1); then
		fault duplicates "produced again: $output"
		printf '%s\n' "${output%% *}" >>"$RUN_DIR/log/duplicates.log"
	else
		note failed "$output"
	fi
}

# --- jobs ----------------------------------------------------------------------------------------

# is_busy TARGET: one of its parts has a job.
is_busy() {
	local part
	plan_parts "$1"
	for part in "${PARTS[@]}"; do
		[[ -z ${JOB[$part]-} ]] || ! kill -0 "${JOB[$part]}" 2>/dev/null || return 0
	done
	return 1
}

# job_start TARGET COMMAND...: the command in the background.
job_start() {
	local part
	plan_parts "$1"
	shift
	"$@" &
	for part in "${PARTS[@]}"; do
		JOB[$part]=$!
		# shellcheck disable=SC2034 # of run.sh
		UNSETTLED["$part"]=1
	done
}

# relaying SCHEMA: sets RELAYING to the process that publishes its outbox; returns 1 if none is
# known.
relaying() {
	local holder name
	holder=$(database "select split_part(holder, '/', 2) from $1.outbox_lease") || return 1
	for name in "${SERVICES[@]}"; do
		! process_pid "$name" || [[ $PROCESS_PID != "$holder" ]] || RELAYING=$name
	done
	[[ -n $RELAYING ]]
}

# fault_begin KIND TARGET NUMBER: starts the fault's job, unless the target is not whole yet.
fault_begin() {
	local kind=$1 target=$2 number=$3 RELAYING=
	if [[ $kind == kill-relay ]]; then
		relaying "$target" || return 0
		kind=kill target=$RELAYING
	fi
	if is_busy "$target"; then
		note skipped "$kind $target: it is not whole yet"
		return 0
	fi
	if [[ $kind == scale ]]; then
		REPLICAS_BEFORE=$REPLICAS REPLICAS=$number
		services
	fi
	job_start "$target" "fault_$kind" "$target" "$number"
}

# jobs_end: waits for all of them.
jobs_end() {
	local pid
	for pid in "${JOB[@]}"; do
		wait "$pid" || true
	done
	JOB=()
}

# jobs_hurry: no job waits any longer, and nothing stays paused.
jobs_hurry() {
	local name count
	for ((count = 0; count < 20; count++)); do
		printf '\n' >&"$HURRY"
	done
	for name in "${SERVICES[@]}" "${SERVERS[@]}"; do
		! process_pid "$name" || kill -s CONT "$PROCESS_PID" 2>/dev/null || true
	done
}
