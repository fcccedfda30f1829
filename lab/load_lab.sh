# shellcheck shell=bash
# A load lab: its size, its stack, the load generators that it runs at the same time, and how far it
# is. To be sourced after stack/process.sh.
#
# A lab is: lab_settings, lab_open, for each scenario stack_fresh, the services, sampler_start,
# load_start ..., load_wait or lab_await, sampler_end, lab_finished; then lab_result. What it has
# measured are figures: $RUN_DIR/figures/NAME.json, of the load generators, of the sampler and of
# lab_figures. lab/<name>.jq makes the result of them. What it started ends with it, however it ends;
# what it has measured by then is in $RUN_DIR.
#
# env of every load lab: QUICK 1: a look, with less load; FULL 1: in the original lab's size; KEEP 1:
# the result also goes to lab/results; the ports, RUN_DIR and BUILD_DIR as stack/stack.sh.

. "$REPO_DIR/lab/terminal_output.sh"
. "$REPO_DIR/stack/temporary_stack.sh"
. "$REPO_DIR/lab/result.sh"

LAB=               # its name: lab-levelling
SCALE=             # short (QUICK=1), default or full (FULL=1)
LOOKED_AT=         # the load generator of the innocent caller, whose p99 is shown
LAB_LINE_SECOND=0  # when lab_show last printed a line where there is no bar
LAB_CLOSED=        # the lab came to its end
readonly LAB_LINE_SECONDS=5
readonly LOOK_SECONDS=0.5 # between two looks: to look costs a processor something, too
readonly LAB_SECONDS=300  # a scenario of the default scale that takes longer has failed

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
	require_programs order-service delivery-service verify-history load cpu-sampler
	require_command jq curl psql gnuplot setpriv
}

# lab_scaled SHORT DEFAULT FULL: prints the one of this run's scale.
lab_scaled() {
	local -A of_scale=([short]=$1 [default]=$2 [full]=$3)
	printf '%s' "${of_scale[$SCALE]}"
}

# lab_open CONNECTIONS: the stack, with that many connections to PostgreSQL, and no service.
lab_open() {
	result_machine
	settings_unset
	stack_open "$LAB" "$1" lab_close
	mkdir "$RUN_DIR/figures"
	: >"$RUN_DIR/finished"
}

# lab_way WAY: sets LAB_WAY to what both services are started with.
#   http   each request opens a connection to PostgreSQL and one to delivery-service
#   pool   as a Spring service has it: ten connections of HikariCP, which waits 30 s for one, the
#          200 threads of a Tomcat, kept connections to delivery-service
#   group  the group commit that orders have with Kafka, and a call of delivery-service for a batch
#   kafka  through Kafka
lab_way() {
	case $1 in
	http) LAB_WAY=(DISPATCH=http HTTP_THREADS=200) ;;
	pool) LAB_WAY=(DISPATCH=http HTTP_THREADS=200 SYNC_POOL=10) ;;
	group) LAB_WAY=(DISPATCH=http SYNC_COMMIT=group SYNC_POOL=10) ;;
	kafka) LAB_WAY=(DISPATCH=kafka) ;;
	esac
}

# lab_close: at the end, however it came. Calls on their way end with the services.
lab_close() {
	children_signal TERM
	temporary_stack_down
	[[ -z $LAB_CLOSED ]] || return 0
	lab_result_make 2>/dev/null
	output_line "not finished; the figures so far: $RUN_DIR/{table.txt,result.json,*.tsv}"
}

# --- figures and the result ---------------------------------------------------------------------

# lab_figures NAME: standard input, a JSON object, are figures of this name.
lab_figures() { cat >"$RUN_DIR/figures/$1.json"; }

# lab_set KEY=VALUE...: figures "settings": the size of the lab, for lab/<name>.jq.
lab_set() {
	local value arguments=(--arg scale "$SCALE" --arg cores "$(nproc)")
	for value; do
		arguments+=(--arg "${value%%=*}" "${value#*=}")
	done
	jq -n "${arguments[@]}" '$ARGS.named | with_entries(
		.value as $text | .value = ($text | try tonumber catch $text))' | lab_figures settings
}

# figure NAME FILTER: prints what jq finds in the figures of that name, e.g. .answered_ms.p99
figure() { jq -r "$2" "$RUN_DIR/figures/$1.json"; }

# lab_result_make: $RUN_DIR/result.json and table.txt, from the figures so far.
lab_result_make() {
	jq -n --arg lab "$LAB" --arg scale "$SCALE" --argjson stamp "$(result_stamp)" \
		--arg finished "$(<"$RUN_DIR/finished")" '
		reduce inputs as $figures (
			{ run: ({ $lab, $scale } + $stamp), finished: ($finished / "\n") };
			.[input_filename | sub(".*/"; "") | sub("[.]json$"; "")] = $figures)' \
		"$RUN_DIR"/figures/*.json |
		jq -L "$REPO_DIR/lab" -f "$REPO_DIR/lab/${LAB#lab-}.jq" >"$RUN_DIR/result.json" &&
		result_print text "$RUN_DIR/result.json" | fold -s -w 130 | sed 's/ *$//' \
			>"$RUN_DIR/table.txt"
}

# lab_finished NAME: the scenario has come to its end, with all its figures: shows its row.
lab_finished() {
	printf '%s\n' "$1" >>"$RUN_DIR/finished"
	lab_result_make
	output_progress "$(result_print last_row "$RUN_DIR/result.json")"
}

# lab_result: the end of a lab: table, verdict and plot; returns 1 if something that was promised
# did not happen.
lab_result() {
	lab_result_make
	[[ ! -r $REPO_DIR/lab/plots/${LAB#lab-}.gp ]] ||
		result_plot "$REPO_DIR/lab/plots/${LAB#lab-}.gp" \
			"$(jq -r .title "$RUN_DIR/result.json")" "$RUN_DIR" "$RUN_DIR/plot.svg"
	LAB_CLOSED=1
	output_step Result
	say
	output_coloured <"$RUN_DIR/table.txt"
	say
	say "table, plot and all figures: $RUN_DIR/{table.txt,plot.svg,result.json,*.tsv}"
	if ((KEEP)); then
		cp "$RUN_DIR/result.json" "$REPO_DIR/lab/results/$LAB.json"
		cp "$RUN_DIR/plot.svg" "$REPO_DIR/lab/results/$LAB.svg"
		say "kept in lab/results; make lab-report puts it into docs/labs/load.md"
	fi
	jq -e '.promises | all(.met)' "$RUN_DIR/result.json" >/dev/null || {
		output_verdict 0 "NOT everything happened that the lab promises."
		return 1
	}
}

# --- load generators and the sampler ------------------------------------------------------------

# load_start NAME SETTING=VALUE...: a load generator (build/load --help) in the background. Its
# figures second by second are in $RUN_DIR/NAME.tsv.
load_start() {
	child_start "$1" "$RUN_DIR/figures/$1.json" \
		env SERIES="$RUN_DIR/$1.tsv" PORTS="$ORDER_PORT" "${@:2}" "$BUILD_DIR/load"
}

# load_wait NAME TEXT TOTAL: waits until the generator has made its calls, TOTAL in all, and shows
# how far it is.
load_wait() {
	local over answered errors late
	while child_alive "$1"; do
		read -r _ over answered errors late _ < <(tail -n 1 "$RUN_DIR/$1.tsv" 2>/dev/null) || true
		[[ $over =~ ^[0-9]+$ ]] || over=0 answered=0 errors=0 late=0 # the heading, or nothing yet
		lab_show "$2" "$over" "$3" "$answered answered, $errors errors, $late timed out"
		sleep "$LOOK_SECONDS"
	done
	lab_show_over
	load_end "$1"
}

# load_end NAME: no more of its calls; returns when it has its figures.
load_end() {
	child_end "$1" ||
		die "the load generator failed; $(process_last_words "$RUN_DIR/log/$1.log")"
}

# innocent_start NAME: a caller who only wants to see an order that has been there all the time,
# some calls a second, for as long as the scenario takes.
innocent_start() {
	LOOKED_AT=$1
	load_start "$1" METHOD=GET TARGET=/orders/1 RATE=20 COUNT=1000000 CONNECTIONS=200
}

innocent_end() {
	load_end "$LOOKED_AT"
	LOOKED_AT=
}

# sampler_start NAME: notes what the processors do, in $RUN_DIR/NAME.tsv and as figures.
sampler_start() {
	SAMPLER=$1
	child_start sampler "$RUN_DIR/figures/$1.json" \
		env PID_DIR="$RUN_DIR/pid" SERIES="$RUN_DIR/$1.tsv" "$BUILD_DIR/cpu-sampler"
}

sampler_end() {
	child_end sampler ||
		die "the sampling failed; $(process_last_words "$RUN_DIR/log/sampler.log")"
	SAMPLER=
}
SAMPLER= # the name of its series, while it runs

# --- how far it is ------------------------------------------------------------------------------

# In the loops that wait, a command has one command substitution at most: bash 5.2 cannot run a trap
# between two of them, and Ctrl-C mostly comes there.

# lab_show TEXT DONE TOTAL FIGURES: a bar with live figures, also those of the processors and of the
# innocent caller; where there is no terminal a line now and then.
lab_show() {
	local figures=$4 busy='' p99=''
	[[ -n $OUTPUT_LIVE ]] || ((SECONDS >= LAB_LINE_SECOND + LAB_LINE_SECONDS)) || return 0
	if [[ -n $SAMPLER ]]; then
		read -r _ busy _ < <(tail -n 1 "$RUN_DIR/$SAMPLER.tsv" 2>/dev/null) || true
		[[ ! $busy =~ ^[0-9] ]] || figures+="; CPU ${busy%.*} %"
	fi
	if [[ -n $LOOKED_AT ]]; then
		read -r _ _ _ _ _ _ p99 _ < <(tail -n 1 "$RUN_DIR/$LOOKED_AT.tsv" 2>/dev/null) || true
		[[ ! $p99 =~ ^[0-9] ]] || figures+="; GET p99 $p99 ms"
	fi
	if [[ -n $OUTPUT_LIVE ]]; then
		output_bar "$1" "$2" "$3" "$figures"
		return 0
	fi
	LAB_LINE_SECOND=$SECONDS
	printf '    ... %s: %d %%, %s\n' "$1" $(($3 > 0 ? 100 * $2 / $3 : 100)) "$figures"
}

lab_show_over() {
	output_no_bar
	LAB_LINE_SECOND=$SECONDS
}

# lab_await TEXT TOTAL METRIC PORT...: waits until the services' counter has TOTAL or more, and shows
# how far it is; dies if that takes too long.
lab_await() {
	local text=$1 total=$2 now end
	end=$((SECONDS + LAB_SECONDS * (FULL ? 20 : 1)))
	while now=$(stack_metric "${@:3}") && ((now < total)); do
		temporary_stack_require_alive
		((SECONDS < end)) || die "$text: $now of $total after too long a time; see $RUN_DIR/log"
		lab_show "$text" "$now" "$total" "$now of $total done"
		sleep "$LOOK_SECONDS"
	done
	lab_show_over
}
