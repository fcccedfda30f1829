#!/usr/bin/env bash
# Runs a program with a temporary stack's folder (RUN_DIR) and ports in its environment. The program
# starts of the stack what it wants, by stack/stack.sh; whatever ends it, nothing stays behind.
#
# usage: stack/with_temporary_stack.sh NAME PROGRAM [ARGUMENT...]
# env: the ports, BROKERS and RUN_DIR as stack/stack.sh
# Exit status: the program's.
set -euo pipefail
# shellcheck source=stack/process.sh
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
# shellcheck source=stack/temporary_stack.sh
. "$REPO_DIR/stack/temporary_stack.sh"

PROGRAM_PID=

# show_progress TEXT..., show_line TEXT...: what temporary_stack.sh says, plain.
show_progress() {
	say "$*"
}
show_line() {
	say "$*"
}

# close_stack: at the end, however it came: the program has ended, then the stack.
close_stack() {
	trap '' HUP INT TERM
	set +e
	[[ -z $PROGRAM_PID ]] || wait "$PROGRAM_PID"
	temporary_stack_close
}

# interrupted SIGNAL STATUS: Ctrl-C reaches the program too, another signal may not.
interrupted() {
	[[ $1 == INT || -z $PROGRAM_PID ]] || kill -s TERM "$PROGRAM_PID" 2>/dev/null || true
	exit "$2"
}

main() {
	local status=0
	(($# >= 2)) || die "usage: stack/with_temporary_stack.sh NAME PROGRAM [ARGUMENT...]"
	temporary_stack_open "$1"
	trap close_stack EXIT
	trap 'interrupted HUP 129' HUP
	trap 'interrupted INT 130' INT
	trap 'interrupted TERM 143' TERM
	cd "$REPO_DIR"
	# shellcheck disable=SC2034 # of temporary_stack.sh: there may be something to stop
	TEMPORARY_STACK_UP=1
	"${@:2}" </dev/null &
	PROGRAM_PID=$!
	wait "$PROGRAM_PID" || status=$?
	PROGRAM_PID=
	return "$status"
}

main "$@"
