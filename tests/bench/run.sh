#!/usr/bin/env bash
# The benchmarks: a temporary stack, case by case, each figure beside a reference measured in the
# same run on the same machine. This is what `make bench` runs.
#
# usage: tests/bench/run.sh
# env: CASE    only this one: orders, relay, backlog, key, clients, steady, visible, start, join, or
#              growth, which is not in the default run
#      QUICK   1: less work and one repetition, in under three minutes; a look, nothing is kept
#      REPEAT  repetitions, of which the median counts (3)
#      the ports and RUN_DIR as stack/stack.sh; BUILD_DIR (build); settings of the services that no
#      case sets itself
# Exit status: 0 measured, targets met or not; 1 it could not be measured, or the history checker
# found something wrong.
set -euo pipefail
# shellcheck source=stack/process.sh
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
# shellcheck source=kafka/java.sh
. "$REPO_DIR/kafka/java.sh"
# shellcheck source=lab/terminal_output.sh
. "$REPO_DIR/lab/terminal_output.sh"
# shellcheck source=stack/temporary_stack.sh
. "$REPO_DIR/stack/temporary_stack.sh"
# shellcheck source=lab/load/stack.sh
. "$REPO_DIR/lab/load/stack.sh"
# shellcheck source=lab/load/machine.sh
. "$REPO_DIR/lab/load/machine.sh"
# shellcheck source=tests/bench/stack.sh
. "$REPO_DIR/tests/bench/stack.sh"
# shellcheck source=tests/bench/row.sh
. "$REPO_DIR/tests/bench/row.sh"

readonly CASES=(orders backlog key clients steady visible relay start join)
readonly LONG_CASES=(growth)
readonly FILES_MIN=13000 # open files: hey with 6,000 clients, and order-service

CASES_PID=

# usage: the usage line of this file, to stderr; exit 2.
usage() {
	sed -n '5s/^# //p' "$0" >&2
	exit 2
}

# settings: what the environment gives, checked.
settings() {
	local name
	: "${QUICK:=0}"
	require_number QUICK 0 1
	: "${REPEAT:=$((QUICK ? 1 : 3))}"
	require_number REPEAT 1 100
	[[ -z ${CASE-} || " ${CASES[*]} ${LONG_CASES[*]} " == *" $CASE "* ]] ||
		die "CASE='$CASE' is not one of ${CASES[*]} ${LONG_CASES[*]}"
	[[ -z ${SANITIZE-} ]] || die "a sanitized build is no build to measure: unset SANITIZE"
	BUILD_DIR=$(cd "$REPO_DIR" && realpath -m -s -- "${BUILD_DIR:-build}")
	export BUILD_DIR
	for name in order-service delivery-service verify-history load tests/bench-{feed,await,bare,visible}; do
		[[ -x $BUILD_DIR/$name ]] ||
			die "$name is not in $BUILD_DIR: type make all bench-build first"
	done
	require_command wrk hey pgbench jq
	ulimit -S -n "$(ulimit -H -n)"
	[[ $(ulimit -n) == unlimited ]] || (($(ulimit -n) >= FILES_MIN)) ||
		die "at most $(ulimit -n) open files are allowed, $FILES_MIN are needed: raise ulimit -n"
}

# run_cases NAME...: one after the other.
run_cases() {
	local name
	for name; do
		# shellcheck disable=SC1090 # checked by themselves
		. "$REPO_DIR/tests/bench/case_$name.sh"
		"case_$name"
	done
}

# start_cases NAME...: in the background, as a process group: one signal ends whatever they run, and
# this script can be interrupted while it waits for them.
start_cases() {
	set -m
	run_cases "$@" </dev/null &
	CASES_PID=$!
	set +m
}

# close_run: at the end, however it came: nothing stays behind.
close_run() {
	trap '' HUP INT TERM
	if [[ -n $CASES_PID ]]; then
		kill -s TERM -- "-$CASES_PID" 2>/dev/null || true
		wait "$CASES_PID" 2>/dev/null || true
	fi
	temporary_stack_close
}

# result: the table, and what is kept.
result() {
	rows_json >"$RUN_DIR/rows.json"
	output_line
	"$REPO_DIR/tests/bench/report.sh" "$RUN_DIR/rows.json"
	output_line
	if ((QUICK)); then
		output_line "A quick look with less work: no verdict on the targets, nothing is kept."
	else
		rows_keep
	fi
}

main() {
	(($# == 0)) || usage
	settings
	machine_look
	bench_open
	trap close_run EXIT
	rows_open
	if [[ -n ${CASE-} ]]; then
		start_cases "$CASE"
	else
		start_cases "${CASES[@]}"
	fi
	wait "$CASES_PID"
	CASES_PID=
	result
}

main "$@"
