#!/usr/bin/env bash
# Runs the tests against a PostgreSQL cluster and a Kafka broker of their own, a temporary stack on
# free ports in .run/test: beside a running stack, and from a fresh clone. They are stopped at the
# end, whatever happens. The last line is "N passed, N failed"; exit code 1 if anything failed.
#
# usage: tests/run.sh PART...
#   unit          make test-unit
#   integration   build/tests/integration and, beside it, the next
#   alone         build/tests/integration-alone, one test at a time: they stop their servers
#   e2e           build/tests/e2e, one test at a time, and beside integration if that is asked for
# env: TEST_BUILD_DIR  where the services and the test binaries are (build)
#      SANITIZE        not empty: they are built with ASan and UBSan
#      E2E_BUILD_DIR   where e2e's are, if elsewhere and without the two
#      FILTER          only the tests that match (integration, e2e), e.g. order_api/*
#      JOBS            tests at a time (two a processor: they wait most of the time)
#      TEST_RUN_DIR    state of the servers under test (.run/test)
#      BESIDE          not empty: another part of the run shows what this one says
set -euo pipefail
TEST_RUN_DIR=$(realpath -m -s -- "${TEST_RUN_DIR:-$(dirname "$(realpath "$0")")/../.run/test}")
RUN_DIR=${TEST_RUN_DIR%/*}
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
. "$REPO_DIR/stack/temporary_stack.sh"

# Criterion 2.4.1's runner hangs now and then, with no test at work (its #483). Tests take far less.
readonly SILENT_SECONDS=600
# So few failures are judged again, alone.
readonly AGAIN_MAX=3
passed=0 failed=0
part_pid='' silent=''
declare -A beside_pids=()

# choose_ports: free ones below the ephemeral ones, for all parts of a stack.
choose_ports() {
	local name taken=' '
	for name in "${STACK_PORTS[@]}"; do
		unset "$name"
		until [[ -n ${!name-} && $taken != *" ${!name} "* ]] && port_free "${!name}"; do
			printf -v "$name" '%s' $((20000 + RANDOM % 12000))
		done
		export "${name?}"
		taken+="${!name} "
	done
}

# start_servers: a new cluster and a new broker, with nothing of an earlier run.
start_servers() {
	# What a user has set for a stack of their own is nothing for the tests.
	settings_unset
	unset BROKERS
	choose_ports
	say "== starting PostgreSQL and Kafka for the tests in ${TEST_RUN_DIR#"$REPO_DIR/"}"
	temporary_stack_open "${TEST_RUN_DIR##*/}" close_run
	temporary_stack servers
	# The tests' services have settings of their own.
	unset KAFKA_TOPIC KAFKA_BOOTSTRAP_SERVERS HTTP_HOST DELIVERY_URL
}

close_run() {
	((${#beside_pids[@]} == 0)) || kill "${beside_pids[@]}" 2>/dev/null || true
	[[ -z $part_pid ]] || kill -- "-$part_pid" 2>/dev/null || true
	((${#beside_pids[@]} == 0)) || wait "${beside_pids[@]}" || true
	[[ -z $TEMPORARY_STACK_UP ]] || "$REPO_DIR/stack/stack.sh" down >/dev/null
}

# count FILE STATUS: adds the synthesis lines of the output to the sums. A binary that ended badly
# without saying which test failed is one more failure.
count() {
	local tested=0 passing=0 failing=0
	read -r tested passing failing < <(awk -v wanted=counts -f "$REPO_DIR/tests/results.awk" "$1")
	if (($2 != 0 && failing == 0)) || [[ $tested == 0 && -z ${FILTER-} ]]; then
		say "== no test is known to have failed, but the exit code is $2: counted as one failure"
		failing=$((failing + 1))
	fi
	passed=$((passed + passing))
	failed=$((failed + failing))
}

# show_failures: what failed, at the end, where it is not overlooked.
show_failures() {
	say "== failed:"
	grep -hE '^\[(FAIL|CRASH|ERR)|^[^ ]+\.c:[0-9]+: |ERROR: (Address|Leak)Sanitizer|runtime error:' \
		"$RUN_DIR"/log/run-*.log | tail -n 100 || true
	say "== logs of the services and servers: ${RUN_DIR#"$REPO_DIR/"}/log"
}

# await_part LOG: until it ends, or has been silent for so long that it never will, and is ended.
await_part() {
	silent=
	while kill -0 "$part_pid" 2>/dev/null; do
		sleep 1 &
		wait "$!"
		((EPOCHSECONDS - $(stat -c %Y "$1") >= SILENT_SECONDS)) || continue
		say "== silent for $SILENT_SECONDS s in the midst of $(tests_that unfinished "$1")"
		silent=1
		kill -s KILL -- "-$part_pid"
		return 0
	done
}

# run_part NAME COMMAND...: runs it, shows its output as it comes, and counts. Both processes are in
# the background, so that a signal ends the wait and with it the run at once.
run_part() {
	local name=$1 log=$RUN_DIR/log/run-$1.log status=0 started=$SECONDS show
	shift
	say "== $name"
	# What takes longest goes first. In the background bash ignores SIGINT, for its children, too.
	nice -n "$((${#beside_pids[@]} > 0 ? 10 : 0))" env --default-signal=INT setsid "$@" </dev/null >"$log" 2>&1 &
	part_pid=$!
	tail -q -n +1 -s 0.2 -F --pid="$part_pid" "$log" 2>/dev/null | sed -u -E '/^\[(RUN |SKIP)\]/d' &
	show=$!
	await_part "$log"
	wait "$part_pid" || status=$?
	part_pid=
	wait "$show" || true
	count "$log" "$status"
	say "== $name took $((SECONDS - started)) s"
}

# tests_that failed|unfinished LOG: prints their names, suite/test, and | between them.
tests_that() { awk -v wanted="$1" -f "$REPO_DIR/tests/results.awk" "$2" | paste -s -d '|'; }

# run_binary NAME JOBS: runs a test binary. After a silence, or where it died in the midst, it runs
# once more; a few tests that fail beside others run again, alone: that verdict counts.
run_binary() {
	local run=("$TEST_BUILD_DIR/tests/$1" --verbose) passed_before=$passed failed_before=$failed names
	run_part "$1" "${run[@]}" --jobs "$2" --filter "${FILTER:-*/*}"
	names=$(tests_that failed "$RUN_DIR/log/run-$1.log")
	if [[ -n $silent ]] || ! grep -qF '[====] Synthesis' "$RUN_DIR/log/run-$1.log"; then
		passed=$passed_before failed=$failed_before
		run_part "$1-again" "${run[@]}" --jobs "$2" --filter "${FILTER:-*/*}"
	elif [[ -n $names ]] && ((failed - failed_before <= AGAIN_MAX)); then
		failed=$failed_before
		say "== again, alone: $names"
		run_part "$1-again" "${run[@]}" --jobs 1 --filter "@($names)"
	fi
}

# begin_beside PART [NICE], end_beside: beside the others, on servers of its own; most of its time it
# waits.
begin_beside() {
	BESIDE=1 TEST_RUN_DIR=$TEST_RUN_DIR-$1 nice -n "${2:-0}" "$REPO_DIR/tests/run.sh" "$1" \
		>"$RUN_DIR/log/run-beside-$1.log" 2>&1 &
	beside_pids[$1]=$!
}

end_beside() {
	local part log passing failing
	for part in "${!beside_pids[@]}"; do
		log=$RUN_DIR/log/run-beside-$part.log
		say "== $part, which runs beside it: waiting for its end"
		wait "${beside_pids[$part]}" || true
		unset "beside_pids[$part]"
		cat "$log"
		read -r passing failing < <(tail -n 1 "$log" |
			sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p') || failing=
		passed=$((passed + ${passing:-0})) failed=$((failed + ${failing:-1}))
	done
}

main() {
	local part
	(($# > 0)) || usage
	for part; do
		[[ $part =~ ^(unit|integration|alone|e2e)$ ]] || usage
	done
	cd "$REPO_DIR"
	BUILD_DIR=${TEST_BUILD_DIR:-build}
	if [[ -n ${SANITIZE-} ]]; then
		export ASAN_OPTIONS=abort_on_error=1:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
		export LSAN_OPTIONS=suppressions=$REPO_DIR/tests/lsan.supp:print_suppressions=0
	fi
	if [[ $* == unit ]]; then
		RUN_DIR=$TEST_RUN_DIR
		run_dir_prepare
		rm -f "$RUN_DIR"/log/run-*.log
	else
		require_programs order-service delivery-service
		start_servers
	fi
	export TEST_BUILD_DIR=$BUILD_DIR
	if [[ " $* " == *" integration "* ]]; then
		begin_beside alone 5
		[[ " $* " != *" e2e "* ]] ||
			TEST_BUILD_DIR=${E2E_BUILD_DIR:-$BUILD_DIR} SANITIZE='' begin_beside e2e
	fi
	for part; do
		[[ -z ${beside_pids[$part]-} ]] || continue
		case $part in
		unit) run_part unit "${MAKE:-make}" --no-print-directory test-unit ;;
		integration) run_binary integration "${JOBS:-$((2 * $(nproc)))}" ;;
		alone) run_binary integration-alone 1 ;;
		e2e) run_binary e2e 1 ;;
		esac
	done
	end_beside
	[[ -n ${BESIDE-} ]] || ((passed + failed > 0)) ||
		die "no test here has a name like $FILTER (suite/test, * for any text)"
	((failed == 0)) || show_failures
	close_run
	trap - EXIT
	printf '%s passed, %s failed\n' "$passed" "$failed"
	((failed == 0))
}

main "$@"
