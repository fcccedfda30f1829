# shellcheck shell=bash
# Processes in the background, ports, waits and messages, for all scripts of the project. To be
# sourced first. It sets the shell's options and locale, and REPO_DIR.
#
# Invariant: a signal goes only to a process that process_start recorded. A pid file holds the pid
# and the process's start time (field 22 of /proc/PID/stat), so a pid that the system gave to
# somebody else after a crash or a reboot counts as stale and is left alone.
#
# Settings (environment):
#   RUN_DIR    state of the running stack; pid files are in RUN_DIR/pid, logs in RUN_DIR/log (.run)
#   CACHE_DIR  downloads, kept by make clean (.cache)
#
# Messages. "Dies" means: one line on stderr that says what is wrong and what to do; exit status 1.
#   say TEXT...                a line on stdout
#   progress TEXT...           a line on stdout, in the manner of lab/terminal_output.sh if that is used
#   die TEXT...                dies
#   quoted PATH                prints it as it can be pasted into a shell
#   usage                      prints the header comment of the running script to stderr; exit 2
#   secure_as NAME             sets SECURE_AS, what env takes for the program NAME if SECURE is set
# Requirements; each dies when it is not met.
#   require_number VAR MIN MAX            the variable holds a whole number in the range
#   require_command COMMAND...            each is installed
#   require_programs PROGRAM...           each is built; sets BUILD_DIR to an absolute path (build)
#   preflight SETTING=VALUE...            nothing that build/preflight looks for is in the way
#   require_open_files COUNT              raises the soft limit; the hard limit allows COUNT
# Time.
#   clock_cs                              sets CLOCK_CS, hundredths of a second since boot
#   wait_until SECONDS WHAT COMMAND...    repeats COMMAND, without its output, until it succeeds;
#                                         returns 1, with a line on stderr, when the time is over
# Processes, each with a NAME that is its own in RUN_DIR.
#   run_dir_prepare                       makes RUN_DIR with its folders; dies if it cannot
#   lock_take NAME [SECONDS]              one holder in this RUN_DIR until the script ends; dies
#                                         after SECONDS (60)
#   process_start NAME LOG COMMAND...     starts COMMAND in a session of its own, its output appended
#                                         to LOG ("-": RUN_DIR/log/NAME.log). COMMAND is a program in
#                                         the foreground. Dies if NAME runs, if it ends at once, or
#                                         if it cannot be noted
#   process_pid NAME                      sets PROCESS_PID; returns 1 if NAME does not run
#   process_alive NAME, process_gone NAME return 0 if NAME runs, or does not
#   process_wait_ready NAME SECONDS COMMAND...   waits until COMMAND succeeds; dies if NAME ends
#   process_still_ready NAME SECONDS COMMAND...  returns 1 if NAME does not run; dies if it runs and
#                                         COMMAND does not succeed in time
#   process_stop NAME SECONDS [SIGNAL]    sends SIGNAL (TERM), and KILL after SECONDS; not running is
#                                         no error; returns 1, and keeps the note, if it lives on
#   process_kill NAME                     kill -9; returns when it is gone, 1 after 5 s
#   process_last_words LOG                prints where the log is, and its last line
#   in_parallel COMMAND ITEM...           COMMAND ITEM for all items at the same time; returns 1 if
#                                         one failed
# Children: programs that work for the script and end with it, however it ends.
#   child_start NAME OUTPUT COMMAND...    starts COMMAND, its stdout in the file OUTPUT, its stderr in
#                                         RUN_DIR/log/NAME.log
#   child_alive NAME                      returns 0 if it runs
#   child_end NAME                        sends TERM, waits; returns its exit status
#   children_signal SIGNAL, children_wait the same for all of them, in two steps
#   port_free PORT, port_open PORT        return 0 if nothing, or something, answers on 127.0.0.1
set -euo pipefail
export LAB_LOCALE=${LAB_LOCALE-${LC_ALL:-${LC_MESSAGES:-${LANG-}}}} # the user's, for what is shown
export LC_ALL=C.UTF-8

REPO_DIR=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd -P)
RUN_DIR=$(realpath -m -s -- "${RUN_DIR:-$REPO_DIR/.run}")
CACHE_DIR=$(realpath -m -s -- "${CACHE_DIR:-$REPO_DIR/.cache}")
export RUN_DIR CACHE_DIR
readonly REPO_DIR

# --- messages -----------------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }

progress() { "${PROGRESS_PRINTER:-say}" "$@"; }

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

quoted() { printf '%q' "$1"; }

secure_as() {
	SECURE_AS=()
	[[ -z ${SECURE-} ]] || mapfile -t SECURE_AS <"$RUN_DIR/secure/$1.env"
}

usage() {
	awk '/^#!/ { next } !/^#/ { exit } { sub(/^# ?/, ""); print }' "$0" >&2
	exit 2
}

# --- requirements -------------------------------------------------------------------------------

require_number() {
	local value=${!1-}
	[[ $value =~ ^[0-9]{1,9}$ ]] && ((10#$value >= $2 && 10#$value <= $3)) && return 0
	die "$1='$value' is not a whole number from $2 to $3"
}

require_command() {
	local command
	for command; do
		command -v "$command" >/dev/null ||
			die "$command is missing: run stack/packages.sh install"
	done
}

require_programs() {
	local program
	BUILD_DIR=$(cd "$REPO_DIR" && realpath -m -s -- "${BUILD_DIR:-build}")
	export BUILD_DIR
	for program; do
		[[ -x $BUILD_DIR/$program ]] || die "$program is not in $BUILD_DIR: type make first"
	done
}

require_open_files() {
	ulimit -S -n "$(ulimit -H -n)"
	[[ $(ulimit -n) == unlimited ]] || (($(ulimit -n) >= $1)) ||
		die "at most $(ulimit -n) open files are allowed, $1 are needed: raise ulimit -n"
}

# --- time ---------------------------------------------------------------------------------------

# Without a process of its own, and untouched by changes of the clock.
clock_cs() {
	read -r CLOCK_CS _ </proc/uptime
	CLOCK_CS=$((10#${CLOCK_CS/./}))
}

wait_until() {
	local seconds=$1 what=$2 end
	shift 2
	clock_cs
	end=$((CLOCK_CS + seconds * 100))
	until "$@" >/dev/null 2>&1; do
		clock_cs
		if ((CLOCK_CS >= end)); then
			printf '%s: timed out after %s s waiting until %s\n' \
				"${0##*/}" "$seconds" "$what" >&2
			return 1
		fi
		sleep 0.05
	done
}

# --- processes ----------------------------------------------------------------------------------

run_dir_prepare() {
	mkdir -p "$RUN_DIR/pid" "$RUN_DIR/log" 2>/dev/null || true
	[[ -w $RUN_DIR && -w $RUN_DIR/pid && -w $RUN_DIR/log ]] ||
		die "$RUN_DIR cannot be written by $(id -un): remove it as its owner, or set RUN_DIR=..."
}

lock_take() {
	local fd
	run_dir_prepare
	exec {fd}>"$RUN_DIR/pid/.$1.lock"
	flock -w "${2-60}" "$fd" ||
		die "another $1 runs in $RUN_DIR: wait for it, stop it, or set RUN_DIR=..."
}

# start_time_of PID: sets START_TIME to when the process started, in clock ticks since boot; returns
# 1 if there is no such process or it is only a zombie. (A zombie whose other threads are still being
# torn down, which takes a sanitized program's memory a while, has its ports and locks yet.)
start_time_of() {
	local stat fields
	START_TIME=
	{ read -r -d '' stat <"/proc/$1/stat"; } 2>/dev/null || [[ -n ${stat-} ]] || return 1
	# The command's name, field 2, is in parentheses and may hold anything: count from behind it.
	read -r -a fields <<<"${stat##*) }"
	[[ ${fields[0]} != [ZX] ]] || ((fields[17] > 1)) || return 1
	START_TIME=${fields[19]}
}

process_pid() {
	local pid start
	PROCESS_PID=
	{ read -r pid start <"$RUN_DIR/pid/$1"; } 2>/dev/null || return 1
	[[ $pid =~ ^[0-9]+$ ]] && start_time_of "$pid" && [[ $START_TIME == "$start" ]] || return 1
	PROCESS_PID=$pid
}

process_alive() { process_pid "$1"; }

process_gone() { ! process_pid "$1"; }

# close_inherited: closes every descriptor but the standard three, so that a background process
# holds no pipe, lock or make job server of its starter.
close_inherited() {
	local fd
	for fd in "/proc/$BASHPID/fd/"*; do
		fd=${fd##*/}
		((fd <= 2)) || exec {fd}>&-
	done
}

# A signal comes before a process is started or when its pid is noted, not in between.
process_start() {
	local name=$1 log=$2 pid held='' traps
	shift 2
	[[ $log != - ]] || log=$RUN_DIR/log/$name.log
	run_dir_prepare
	process_gone "$name" || die "$name runs already (pid $PROCESS_PID)"
	traps=$(trap -p HUP INT TERM)
	trap 'held=HUP' HUP && trap 'held=INT' INT && trap 'held=TERM' TERM
	(
		close_inherited
		exec setsid "$@"
	) </dev/null >>"$log" 2>&1 &
	pid=$!
	disown "$pid" 2>/dev/null || true
	start_time_of "$pid" || die "$name ended at once: $(process_last_words "$log")"
	# What is not noted could not be stopped. A signal to the whole group ends the first mv.
	if ! printf '%s %s\n' "$pid" "$START_TIME" >"$RUN_DIR/pid/$name.new" ||
		! { mv "$RUN_DIR/pid/$name"{.new,} || mv "$RUN_DIR/pid/$name"{.new,}; }; then
		kill -s KILL -- "-$pid" 2>/dev/null || kill -s KILL "$pid" || true
		die "$name is not started, since its pid cannot be noted; $(process_last_words "$log")"
	fi
	trap - HUP INT TERM
	eval "$traps"
	[[ -z $held ]] || kill -s "$held" "$BASHPID"
}

process_last_words() {
	(($(df -k --output=avail "$RUN_DIR" | tail -n 1) > 1024)) ||
		printf 'the disk of %s is full; ' "$(quoted "$RUN_DIR")"
	printf 'see %s: %s' "$(quoted "$1")" "$(tail -n 1 "$1" 2>/dev/null | cut -c 1-300)"
}

process_wait_ready() {
	local name=$1 seconds=$2 log=$RUN_DIR/log/$1.log
	shift 2
	wait_until "$seconds" "$name is ready" process_ready_or_gone "$name" "$@" 2>/dev/null ||
		die "$name (pid $(cut -d ' ' -f 1 "$RUN_DIR/pid/$name")) is not ready after" \
			"$seconds s; $(process_last_words "$log")"
	process_alive "$name" || die "$name ended while starting; $(process_last_words "$log")"
}

process_still_ready() {
	local name=$1
	process_alive "$name" || return 1
	wait_until "$2" "$name is ready" process_ready_or_gone "$name" "${@:3}" 2>/dev/null ||
		die "$name runs but is not ready; $(process_last_words "$RUN_DIR/log/$name.log")"
	process_alive "$name" # it may have been killed just now
}

process_ready_or_gone() { process_gone "$1" || "${@:2}"; }

process_stop() {
	local name=$1 seconds=$2 signal=${3:-TERM}
	if process_pid "$name"; then
		kill -s "$signal" "$PROCESS_PID" 2>/dev/null || process_gone "$name" ||
			die "$name (pid $PROCESS_PID) belongs to another user:" \
				"stop it as $(stat -c %U "/proc/$PROCESS_PID")"
		wait_until "$seconds" "$name (pid $PROCESS_PID) stops; killing it" process_gone "$name" ||
			process_kill "$name" || return 1
	fi
	rm -f "$RUN_DIR/pid/$name"
}

process_kill() {
	process_pid "$1" || return 0
	kill -s KILL "$PROCESS_PID" 2>/dev/null || true
	wait_until 5 "$1 (pid $PROCESS_PID) is gone after kill -9" process_gone "$1"
}

in_parallel() {
	local command=$1 item pid pids=() status=0
	for item in "${@:2}"; do
		"$command" "$item" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || status=1
	done
	return "$status"
}

declare -A CHILDREN=() # pid of each

child_start() {
	setsid setpriv --pdeathsig TERM "${@:3}" >"$2" 2>"$RUN_DIR/log/$1.log" </dev/null &
	CHILDREN[$1]=$!
}

child_alive() { kill -0 "${CHILDREN[$1]}" 2>/dev/null; }

child_end() {
	local pid=${CHILDREN[$1]}
	kill -s TERM "$pid" 2>/dev/null || true
	unset "CHILDREN[$1]"
	wait "$pid" 2>/dev/null
}

children_signal() {
	((${#CHILDREN[@]} == 0)) || kill -s "$1" "${CHILDREN[@]}" 2>/dev/null || true
}

children_wait() {
	((${#CHILDREN[@]} == 0)) || wait "${CHILDREN[@]}" 2>/dev/null || true
	CHILDREN=()
}

# --- ports and disks ----------------------------------------------------------------------------

port_open() { { : <"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null; }

port_free() { ! port_open "$1"; }

preflight() {
	local found
	require_programs preflight
	found=$(env "$@" "$BUILD_DIR/preflight") || die "$found"
}
