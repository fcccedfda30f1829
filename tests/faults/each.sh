#!/usr/bin/env bash
# Plays each family of faults for a while, several at a time, and each mode and order among them.
#
# usage: tests/faults/each.sh
# env: SEED (1), DURATION (60) of each; FAULTS_PORT, the first of 3,000 ports (21000); BUILD_DIR,
#      RUN_DIR
# Each run has a folder, ports and a log of its own. A run takes its time whatever the machine does
# meanwhile: no verdict depends on how fast it is. The exit status is 1 if one found a violation.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"

readonly LANES=3
# The family, and what else is set. Storage of one of three brokers; few rows in a batch of a relay
# whose broker hangs.
readonly RUNS=(
	"pauses PROCESSING_ORDER=key CLIENTS=2 RATE=4"
	"network MODE=unkeyed"
	"storage BROKERS=3"
	"processes MODE=growing"
	"logs MODE=unkeyed PROCESSING_ORDER=unordered"
	"database MODE=growing"
	"disk"
	"standby MODE=unkeyed"
	"network BROKERS=3"
	"pooler PROCESSING_ORDER=key"
	"clock MODE=growing"
	"processes MODE=unkeyed"
	"rewind"
)

# play LANE NUMBER: the run of that number, on the lane's ports.
play() {
	local port=$((FAULTS_PORT + 1000 * $1)) family settings log status=0
	read -r family settings <<<"${RUNS[$2]}"
	log=$RUN_DIR/log/faults-$2-$family.log
	# shellcheck disable=SC2086 # several settings
	env ORDER_PORT="$port" DELIVERY_PORT=$((port + 10)) KAFKA_PORT=$((port + 20)) \
		PG_PORT=$((port + 500)) SEED="${SEED:-1}" DURATION="${DURATION:-60}" FAMILY="$family" \
		${settings:-_=} "$REPO_DIR/stack/temporary_stack.sh" run "faults-$2" \
		"$BUILD_DIR/tests/faults" >"$log" 2>&1 || status=$?
	say "$family $settings: $(grep -E '^(Nothing |[0-9]+ violations)' "$log" ||
		tail -n 1 "$log")"
	((status == 0)) || cat "$log"
	return "$status"
}

# lane LANE: every LANES-th run.
lane() {
	local number status=0
	for ((number = $1; number < ${#RUNS[@]}; number += LANES)); do
		play "$1" "$number" || status=1
	done
	return "$status"
}

: "${FAULTS_PORT:=21000}"
require_number FAULTS_PORT 1024 60000
require_programs tests/faults
run_dir_prepare
# What runs in a session of its own is stopped by the lanes' temporary stacks.
trap 'trap "" INT TERM; kill 0; wait; exit 143' INT TERM
mapfile -t lanes < <(seq 0 $((LANES - 1)))
in_parallel lane "${lanes[@]}"
