#!/usr/bin/env bash
# An engine and the images for build/tests/compose, which plays docker-compose.yml for real. This is
# what `make test-compose` runs.
#
# usage: tests/compose/run.sh [STEP...]   (build/tests/compose --help lists them; default: all)
# env: TEST_PORT     the first of 20 ports (25081)
#      BUILD_DIR     where the programs are (build)
#      TEST_RUN_DIR  state of the engine and of the test (.run/compose)
# An engine that runs is used; otherwise root gets one of its own, which leaves nothing behind.
# Where no registry answers, stand-ins are built for the images that are not the project's own, and
# named. The last line is "N passed, N failed"; exit status 1 if anything failed.
set -euo pipefail
RUN_DIR=${TEST_RUN_DIR:-$(dirname "$(realpath "$0")")/../../.run/compose}
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
. "$REPO_DIR/kafka/java.sh"
. "$REPO_DIR/stack/settings.sh"
. "$REPO_DIR/ci/engine.sh"
. "$REPO_DIR/ci/images.sh"

# prepare: the engine, and the images that ours are made from or run beside.
prepare() {
	local images
	engine_open
	mapfile -t images < <(docker compose -f docker-compose.yml --env-file /dev/null \
		--profile three-brokers --profile monitoring config --images |
		grep -v '^ordering-lab/' | sort -u)
	images_prepare "${images[@]}"
	export ENGINE=${ENGINE_OWN:+own} IMAGES_MISSING="${IMAGE_MISSING[*]}"
}

# host_expect: an engine of ours has left nothing. Counts it.
host_expect() {
	if [[ -z $ENGINE_OWN ]]; then
		return 0
	elif engine_left_nothing; then
		passed=$((passed + 1))
		say "ok: the host is as it was"
	else
		failed=$((failed + 1))
		say "FAILED: the host is as it was"
	fi
}

# interrupted STATUS: the program cleans up by itself.
# shellcheck disable=SC2317 # the traps call it
interrupted() {
	trap '' HUP INT TERM
	children_signal TERM
	children_wait
	exit "$1"
}

main() {
	local passed failed status=0
	require_programs order-service delivery-service tests/compose
	require_command kcat jq
	settings_unset # what a user has set for a stack of their own is nothing for the test
	cd "$REPO_DIR"
	lock_take test-compose
	trap engine_close EXIT
	trap 'interrupted 130' INT
	trap 'interrupted 143' TERM HUP
	prepare
	rm -f "$RUN_DIR/counts.txt"
	"$BUILD_DIR/tests/compose" "$@" &
	CHILDREN[compose]=$!
	wait "${CHILDREN[compose]}" || status=$?
	CHILDREN=()
	trap '' HUP INT TERM
	engine_close
	trap - EXIT
	((status < 2)) || exit "$status"
	read -r passed failed <"$RUN_DIR/counts.txt"
	host_expect
	printf '%s passed, %s failed\n' "$passed" "$failed"
	exit $((status > 0 || failed > 0))
}

main "$@"
