# shellcheck shell=bash
# A load lab: its size, its stack, the load generators that it runs at the same time, and how far it
# is. To be sourced after stack/process.sh.
#
# A lab is: lab_settings, lab_open, for each scenario stack_fresh, the services, sample_start,
# load_start ..., load_wait or lab_await, load_end, sample_end, result_row; then result_close.
# Its one invariant: what it started ends with it, however it ends; what it has measured by then is
# in $RUN_DIR.

# shellcheck source=lab/terminal_output.sh
. "$REPO_DIR/lab/terminal_output.sh"
# shellcheck source=stack/temporary_stack.sh
. "$REPO_DIR/stack/temporary_stack.sh"
# shellcheck source=lab/load/stack.sh
. "$REPO_DIR/lab/load/stack.sh"
# shellcheck source=lab/load/machine.sh
. "$REPO_DIR/lab/load/machine.sh"
# shellcheck source=lab/load/table.sh
. "$REPO_DIR/lab/load/table.sh"
# shellcheck source=lab/load/result.sh
. "$REPO_DIR/lab/load/result.sh"

LAB=                   # its name: lab-levelling
SCALE=                 # short (QUICK=1), default or full (FULL=1)
declare -A LOAD_PIDS   # of the generators that run, by their names
SAMPLE_PID=            # of lab/load/sample.sh
SAMPLE_FILE=           # what it writes
INNOCENT=              # the generator that is the innocent caller now
LOAD_LINE_SECOND=0     # when lab_show last printed a line where there is no bar
readonly LOAD_LINE_SECONDS=5
readonly LOOK_SECONDS=0.5 # between two looks: to look costs a processor something, too
readonly LAB_SECONDS=300 # a scenario of the default scale that takes longer has failed

# --- settings and the stack ---------------------------------------------------------------------

# lab_settings NAME: what the environment gives, checked; sets LAB and SCALE.
lab_settings() {
	local name
	LAB=$1
	: "${QUICK:=0}" "${FULL:=0}" "${KEEP:=0}"
	for name in QUICK FULL KEEP; do
		require_number "$name" 0 1
	done
	((QUICK + FULL < 2)) || die "QUICK=1 and FULL=1 are the opposite of each other: set one"
	((QUICK + KEEP < 2)) || die "what QUICK=1 measures is not kept: unset KEEP or QUICK"
	SCALE=default
	((QUICK == 0)) || SCALE=short
	((FULL == 0)) || SCALE=full
	BUILD_DIR=$(cd "$REPO_DIR" && realpath -m -s -- "${BUILD_DIR:-build}")
	export BUILD_DIR
	for name in order-service delivery-service verify-history load; do
		[[ -x $BUILD_DIR/$name ]] || die "$name is not in $BUILD_DIR: type make first"
	done
	require_command jq curl psql gnuplot setpriv
	# What a user has set for a stack of their own is nothing for a lab.
	unset KAFKA_TOPIC KAFKA_CONF PARTITIONS EVENT_KEY DELIVERY_DELAY_MS DELIVERY_DELAY_ON \
		DELIVERY_WORK WORKERS WORKER_MODEL PROCESSING_ORDER MAX_CONCURRENCY SEQUENCING LOG_LEVEL \
		HTTP_THREADS ORDER_QUEUE_MAX DISPATCH DELIVERY_URL DELIVERY_TIMEOUT_MS \
		DELIVERY_OUTPUT
}

# lab_scaled SHORT DEFAULT FULL: prints the one of this run's scale.
lab_scaled() {
	case $SCALE in
	short) printf '%s' "$1" ;;
	default) printf '%s' "$2" ;;
	full) printf '%s' "$3" ;;
	esac
}

# lab_require_files COUNT: a process of this lab may open that many files (connections), or die.
lab_require_files() {
	ulimit -S -n "$(ulimit -H -n)"
	[[ $(ulimit -n) == unlimited ]] || (($(ulimit -n) >= $1)) ||
		die "at most $(ulimit -n) open files are allowed, $1 are needed: raise ulimit -n"
}

# lab_open CONNECTIONS: the stack, with that many connections to PostgreSQL, and no service.
lab_open() {
	machine_look
	stack_open "$LAB" "$1"
	export DELIVERY_URL=http://127.0.0.1:$DELIVERY_PORT
	trap lab_close EXIT
	result_open
}

# lab_close: at the end, however it came: nothing stays behind.
lab_close() {
	local IFS=$' \t\n'
	trap '' HUP INT TERM
	trap : PIPE
	set +e
	# Calls on their way end with the services.
	((${#LOAD_PIDS[@]} == 0)) || kill -s TERM "${LOAD_PIDS[@]}" 2>/dev/null
	[[ -z $SAMPLE_PID ]] || kill -s TERM "$SAMPLE_PID" 2>/dev/null
	temporary_stack_close
	((${#LOAD_PIDS[@]} == 0)) || wait "${LOAD_PIDS[@]}"
	result_partial 2>/dev/null
}

# --- load generators ----------------------------------------------------------------------------

# load_start NAME SETTING=VALUE...: a load generator (build/load --help) in the background. Its
# figures second by second are in $RUN_DIR/NAME.tsv, its result will be in $RUN_DIR/NAME.json. The
# kernel ends it with this script, however that ends.
load_start() {
	local name=$1
	shift
	env SERIES="$RUN_DIR/$name.tsv" PORTS="$ORDER_PORT" "$@" setsid setpriv --pdeathsig TERM \
		"$BUILD_DIR/load" >"$RUN_DIR/$name.json" 2>"$RUN_DIR/log/$name.log" </dev/null &
	LOAD_PIDS[$name]=$!
}

# load_wait NAME TEXT TOTAL: waits until the generator has made its calls, TOTAL in all, and shows
# how far it is.
load_wait() {
	local over answered errors late
	while kill -0 "${LOAD_PIDS[$1]}" 2>/dev/null; do
		over=$(load_last "$1" 2)
		answered=$(load_last "$1" 3)
		errors=$(load_last "$1" 4)
		late=$(load_last "$1" 5)
		lab_show "$2" "$over" "$3" "$answered answered, $errors errors, $late too late"
		sleep "$LOOK_SECONDS"
	done
	lab_show_over
	load_end "$1"
}

# load_end NAME: no more of its calls; returns when it has its result.
load_end() {
	local status=0
	kill -s TERM "${LOAD_PIDS[$1]}" 2>/dev/null || true
	wait "${LOAD_PIDS[$1]}" || status=$?
	unset "LOAD_PIDS[$1]"
	((status == 0)) || die "the load generator failed; $(process_last_words "$RUN_DIR/log/$1.log")"
}

# load_last NAME COLUMN: prints the column of the last whole line of a series; 0 if there is none.
load_last() {
	{ tail -n 1 "$RUN_DIR/$1.tsv" 2>/dev/null || true; } |
		awk -F '\t' -v column="$2" '{ last = $column } END { print last ~ /^[0-9.]+$/ ? last : 0 }'
}

# load_result NAME FILTER: prints what jq finds in a generator's result, e.g. .answered_ms.p99
load_result() {
	jq -r "$2" "$RUN_DIR/$1.json"
}

# innocent_start NAME [SETTING=VALUE...]: the innocent caller: GET of an order that has been there
# all the time, some calls a second, for as long as the scenario takes.
innocent_start() {
	INNOCENT=$1
	load_start "$1" METHOD=GET TARGET=/orders/1 RATE=20 COUNT=1000000 CONNECTIONS=200 "${@:2}"
}

# innocent_end: it has its result.
innocent_end() {
	load_end "$INNOCENT"
	INNOCENT=
}

# --- the processors -----------------------------------------------------------------------------

# sample_start NAME: notes what the processors do, into $RUN_DIR/NAME.tsv.
sample_start() {
	SAMPLE_FILE=$RUN_DIR/$1.tsv
	: >"$SAMPLE_FILE"
	setsid setpriv --pdeathsig TERM "$REPO_DIR/lab/load/sample.sh" "$SAMPLE_FILE" \
		2>"$RUN_DIR/log/sample.log" </dev/null &
	SAMPLE_PID=$!
}

# sample_end: no more.
sample_end() {
	kill -s TERM "$SAMPLE_PID" 2>/dev/null ||
		die "the sampling failed; $(process_last_words "$RUN_DIR/log/sample.log")"
	wait "$SAMPLE_PID" 2>/dev/null || true
	SAMPLE_PID=
}

# sample_mean NAME COLUMN: prints the mean of a column (lab/load/sample.sh) over the scenario.
sample_mean() {
	awk -F '\t' -v column="$2" '
		NR > 1 { sum += $column }
		END { printf "%.0f", (NR > 1 ? sum / (NR - 1) : 0) }' "$RUN_DIR/$1.tsv"
}

# --- how far it is ------------------------------------------------------------------------------

# In the loops that wait, a command has one command substitution at most: bash 5.2 cannot run a trap
# between two of them, and Ctrl-C mostly comes there.

# lab_show TEXT DONE TOTAL FIGURES: a bar with live figures, also those of the processors and of the
# innocent caller; where there is no terminal a line now and then.
lab_show() {
	local figures=$4 figure
	[[ -n $OUTPUT_LIVE ]] || ((SECONDS >= LOAD_LINE_SECOND + LOAD_LINE_SECONDS)) || return 0
	if [[ -n $SAMPLE_PID ]]; then
		figure=$(tail -n 1 "$SAMPLE_FILE" | awk '{ last = $2 } END { printf "%d", last }')
		figures+="; CPU $figure %"
	fi
	if [[ -n $INNOCENT ]]; then
		figure=$(load_last "$INNOCENT" 7)
		figures+="; GET p99 $figure ms"
	fi
	if [[ -n $OUTPUT_LIVE ]]; then
		output_bar "$1" "$2" "$3" "$figures"
		return 0
	fi
	LOAD_LINE_SECOND=$SECONDS
	printf '    ... %s: %d %%, %s\n' "$1" $(($3 > 0 ? 100 * $2 / $3 : 100)) "$figures"
}

# lab_show_over: the next bar begins anew.
lab_show_over() {
	output_no_bar
	LOAD_LINE_SECOND=$SECONDS
}

# lab_await TEXT TOTAL COMMAND...: waits until the command prints TOTAL or more, and shows how far it
# is; dies if that takes too long.
lab_await() {
	local text=$1 total=$2 now end
	shift 2
	end=$((SECONDS + LAB_SECONDS * (FULL ? 20 : 1)))
	while now=$("$@") && ((now < total)); do
		temporary_stack_require_alive
		((SECONDS < end)) || die "$text: $now of $total after too long a time; see $RUN_DIR/log"
		lab_show "$text" "$now" "$total" "$now of $total done"
		sleep "$LOOK_SECONDS"
	done
	lab_show_over
}
