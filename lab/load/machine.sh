# shellcheck shell=bash
# What was measured, and on which machine, for those who read the figures later. To be sourced after
# stack/process.sh.

MACHINE_COMMIT= # which state of the sources is measured
MACHINE_LOAD=   # of the machine before the run

# machine_look: sets the two, and says so if something else is at work on the machine; to be called
# before the run begins.
machine_look() {
	# shellcheck disable=SC2034 # for those who keep the figures
	MACHINE_COMMIT=$(machine_commit)
	read -r MACHINE_LOAD _ </proc/loadavg
	awk -v load="$MACHINE_LOAD" -v cores="$(nproc)" 'BEGIN { exit load > cores / 2 }' ||
		say "The machine is busy (load $MACHINE_LOAD): the figures will be worse than they could be."
}

# machine_commit: prints the commit; what a run itself writes is no change.
machine_commit() {
	local commit changes
	commit=$(git -C "$REPO_DIR" rev-parse --short=7 HEAD 2>/dev/null) || commit=unknown
	changes=$(git -C "$REPO_DIR" status --porcelain --untracked-files=no -- . ':!README.md' \
		':!tests/bench/results' ':!lab/load/results' 2>/dev/null) || true
	printf '%s%s' "$commit" "${changes:+-changed}"
}

# machine_json: prints the machine, with the load it had before the run.
machine_json() {
	jq -n --arg cpu "$(sed -n '/^model name/ { s/.*: //p; q }' /proc/cpuinfo)" \
		--argjson cores "$(nproc)" --arg kernel "$(uname -sr)" \
		--argjson memory_mb "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" \
		--argjson load_before "$MACHINE_LOAD" \
		'{ $cpu, $cores, $memory_mb, $kernel, $load_before }'
}
