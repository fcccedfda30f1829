# shellcheck shell=bash
# Processes in the background, for the project's scripts. To be sourced, after `set -euo pipefail`.
#
# What it owns: where the project keeps its state ($RUN_DIR) and its downloads ($CACHE_DIR), and the
# pid files. Its one invariant: a signal goes only to a process that process_start recorded. A pid
# file holds the pid and the process's start time (field 22 of /proc/PID/stat), so a pid that the
# system gave to somebody else after a crash or a reboot counts as stale and is left alone.
#
# env: RUN_DIR    state of the running stack   (default <repo>/.run)
#      CACHE_DIR  downloads, kept by make clean (default <repo>/.cache)

REPO_DIR=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd -P)
RUN_DIR=$(realpath -m -s -- "${RUN_DIR:-$REPO_DIR/.run}")
CACHE_DIR=$(realpath -m -s -- "${CACHE_DIR:-$REPO_DIR/.cache}")
export RUN_DIR CACHE_DIR
# shellcheck disable=SC2034 # for the scripts that source this file
readonly REPO_DIR

# say TEXT...: a line of progress for the user.
say() {
	printf '%s\n' "$*"
}

# die TEXT...: one line to stderr that says what is wrong, where, and what to do; then exit 1.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# require_number VARNAME MIN MAX: the variable holds a whole number in the range, or die.
require_number() {
	local value=${!1-}
	[[ $value =~ ^[0-9]{1,9}$ ]] && ((10#$value >= $2 && 10#$value <= $3)) && return 0
	die "$1='$value' is not a whole number from $2 to $3"
}

# require_command COMMAND...: each is installed, or die.
require_command() {
	local command
	for command; do
		command -v "$command" >/dev/null ||
			die "$command is missing: run stack/packages.sh install"
	done
}

# run_dir_prepare: makes $RUN_DIR with its pid and log folders.
run_dir_prepare() {
	mkdir -p "$RUN_DIR/pid" "$RUN_DIR/log" 2>/dev/null || true
	[[ -w $RUN_DIR && -w $RUN_DIR/pid && -w $RUN_DIR/log ]] ||
		die "$RUN_DIR cannot be written by $(id -un): remove it as its owner, or set RUN_DIR=..."
}

# lock_take NAME: lets one script at a time do NAME in this RUN_DIR; held until the script ends.
lock_take() {
	local fd
	run_dir_prepare
	exec {fd}>"$RUN_DIR/pid/.$1.lock"
	flock -w 60 "$fd" ||
		die "another $1 has been at work in $RUN_DIR for 60 s: wait for it or stop it"
}

# clock_cs: sets CLOCK_CS to hundredths of a second since boot; no fork, untouched by clock changes.
clock_cs() {
	read -r CLOCK_CS _ </proc/uptime
	CLOCK_CS=$((10#${CLOCK_CS/./}))
}

# wait_until SECONDS DESCRIPTION COMMAND...: runs the command until it succeeds. Returns 1 with one
# line on stderr when the seconds are over. The command's own output is dropped.
wait_until() {
	local seconds=$1 what=$2 end
	shift 2
	clock_cs
	end=$((CLOCK_CS + seconds * 100))
	until "$@" >/dev/null 2>&1; do
		clock_cs
		if ((CLOCK_CS >= end)); then
			printf '%s: gave up after %s s waiting until %s\n' "${0##*/}" "$seconds" "$what" >&2
			return 1
		fi
		sleep 0.05
	done
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

# process_pid NAME: sets PROCESS_PID to the pid of the living process NAME; returns 1 if there is
# none.
process_pid() {
	local pid start
	PROCESS_PID=
	{ read -r pid start <"$RUN_DIR/pid/$1"; } 2>/dev/null || return 1
	[[ $pid =~ ^[0-9]+$ ]] && start_time_of "$pid" && [[ $START_TIME == "$start" ]] || return 1
	PROCESS_PID=$pid
}

# process_alive NAME: the process that process_start recorded under NAME runs.
process_alive() {
	process_pid "$1"
}

# process_gone NAME: it does not.
process_gone() {
	! process_pid "$1"
}

# close_inherited: closes every descriptor but the standard three, so that a background process
# holds no pipe, lock or make job server of its starter.
close_inherited() {
	local fd
	for fd in "/proc/$BASHPID/fd/"*; do
		fd=${fd##*/}
		((fd <= 2)) || exec {fd}>&-
	done
}

# process_start NAME LOGFILE COMMAND...: starts the command in the background, in a session of its
# own, without standard input, its output appended to LOGFILE ("-": $RUN_DIR/log/NAME.log). COMMAND
# must be a program that stays in the foreground and that nothing but exec comes before.
process_start() {
	local name=$1 log=$2 pid
	shift 2
	[[ $log != - ]] || log=$RUN_DIR/log/$name.log
	run_dir_prepare
	process_gone "$name" || die "$name runs already (pid $PROCESS_PID)"
	(
		close_inherited
		exec setsid "$@"
	) </dev/null >>"$log" 2>&1 &
	pid=$!
	disown "$pid" 2>/dev/null || true
	if ! start_time_of "$pid"; then
		die "$name ended at once: $(process_last_words "$log")"
	fi
	printf '%s %s\n' "$pid" "$START_TIME" >"$RUN_DIR/pid/$name.new"
	mv "$RUN_DIR/pid/$name.new" "$RUN_DIR/pid/$name"
}

# process_last_words LOGFILE: where the log is and its last line, for an error's text.
process_last_words() {
	printf 'see %s: %s' "$1" "$(tail -n 1 "$1" 2>/dev/null | cut -c 1-300)"
}

# process_wait_ready NAME SECONDS COMMAND...: waits until the command succeeds; dies as soon as the
# process has ended, and when the seconds are over.
process_wait_ready() {
	local name=$1 seconds=$2 log=$RUN_DIR/log/$1.log
	shift 2
	wait_until "$seconds" "$name is ready" process_ready_or_gone "$name" "$@" ||
		die "$name (pid $(cut -d ' ' -f 1 "$RUN_DIR/pid/$name")) is not ready;" \
			"$(process_last_words "$log")"
	process_alive "$name" || die "$name ended while starting; $(process_last_words "$log")"
}

# process_still_ready NAME SECONDS COMMAND...: returns 0 if the process runs already and the command
# succeeds; 1 if there is none, or it ended meanwhile, as one does that was killed just now.
process_still_ready() {
	local name=$1 seconds=$2
	shift 2
	process_alive "$name" || return 1
	wait_until "$seconds" "$name is ready" process_ready_or_gone "$name" "$@" ||
		die "$name runs but is not ready; $(process_last_words "$RUN_DIR/log/$name.log")"
	process_alive "$name"
}

# process_ready_or_gone NAME COMMAND...: there is nothing more to wait for.
process_ready_or_gone() {
	process_gone "$1" || "${@:2}"
}

# process_stop NAME SECONDS [SIGNAL]: sends SIGNAL (TERM), waits until the process is gone, and
# kills it after that many seconds. Not running is no error.
process_stop() {
	local name=$1 seconds=$2 signal=${3:-TERM}
	if process_pid "$name"; then
		kill -s "$signal" "$PROCESS_PID" 2>/dev/null || process_gone "$name" ||
			die "$name (pid $PROCESS_PID) belongs to another user:" \
				"stop it as $(stat -c %U "/proc/$PROCESS_PID")"
		wait_until "$seconds" "$name (pid $PROCESS_PID) stops; killing it" process_gone "$name" ||
			process_kill "$name"
	fi
	rm -f "$RUN_DIR/pid/$name"
}

# process_kill NAME: kill -9, and wait until it is gone.
process_kill() {
	process_pid "$1" || return 0
	kill -s KILL "$PROCESS_PID" 2>/dev/null || true
	wait_until 5 "$1 (pid $PROCESS_PID) is gone after kill -9" process_gone "$1"
}

# at_once COMMAND ITEM...: COMMAND ITEM for each of the items, all at the same time. Returns 1 if one
# of them failed.
at_once() {
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

# port_listener_inode PORT: prints the inode of the socket that listens on the port of 127.0.0.1 or
# of any address, read from the kernel's tables; returns 1 if there is none.
port_listener_inode() {
	local port tables=(/proc/net/tcp)
	printf -v port '%04X' "$1"
	[[ ! -r /proc/net/tcp6 ]] || tables+=(/proc/net/tcp6)
	awk -v port="$port" '
		$4 == "0A" && $2 ~ (":" port "$") && $2 ~ /^(0+|0*(FFFF0000)?0100007F):/ {
			print $10
			found = 1
			exit
		}
		END { exit !found }' "${tables[@]}"
}

# port_free PORT: nothing listens there.
port_free() {
	! port_listener_inode "$1" >/dev/null
}

# port_open PORT: something listens there.
port_open() {
	port_listener_inode "$1" >/dev/null
}

# port_owner PORT: prints "pid N (command)" of the listener, or says that it cannot be seen.
port_owner() {
	local inode link pid
	inode=$(port_listener_inode "$1") || return 0
	link=$(find /proc/[0-9]*/fd -maxdepth 1 -lname "socket:\\[$inode\\]" -print -quit \
		2>/dev/null) || true
	pid=${link#/proc/}
	pid=${pid%%/*}
	if [[ -n $pid ]]; then
		printf 'pid %s (%s)' "$pid" "$(cat "/proc/$pid/comm")"
	else
		printf 'a process of another user'
	fi
}

# require_port_free PORT WHAT VARNAME: the port is free for WHAT, or one line that says who has it.
require_port_free() {
	port_free "$1" ||
		die "port $1 ($2) is in use by $(port_owner "$1"): stop it or use $3=<another port>"
}
