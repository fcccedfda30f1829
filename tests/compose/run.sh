#!/usr/bin/env bash
# docker-compose.yml for real: an engine, the images, and what the README says of them, played from
# the first "up" to the last "down". This is what `make test-compose` runs.
#
# usage: tests/compose/run.sh [STEP...]   (default: all, in this order)
#   images      size, user, what is in them; what their containers may do
#   lab         the ordering lab with two delivery-services, unkeyed and keyed
#   kills       under load: more and fewer replicas, and each container killed and started again
#   brokers     three of them under load: the leader of a partition is killed and comes back
#   monitoring  Prometheus finds every replica, and Kafka by its agent
#   swarm       deploy/docker/stack.yml on a swarm of this one node
# env: TEST_PORT     the first of 19 ports (25081)
#      BUILD_DIR     where verify-history and order-clients are (build)
#      TEST_RUN_DIR  state of the engine and of the test (.run/compose)
# An engine that runs is used; otherwise root gets one of its own, which leaves nothing behind.
# Where no registry answers, stand-ins are built for the images that are not the project's own, and
# named.
# The last line is "N passed, N failed"; exit status 1 if anything failed.
set -euo pipefail
RUN_DIR=${TEST_RUN_DIR:-$(dirname "$(realpath "$0")")/../../.run/compose}
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
. "$REPO_DIR/lab/terminal_output.sh"
. "$REPO_DIR/kafka/java.sh"
. "$REPO_DIR/stack/settings.sh"
. "$REPO_DIR/stack/brokers.sh"
. "$REPO_DIR/ci/engine.sh"
. "$REPO_DIR/ci/images.sh"
. "$REPO_DIR/tests/compose/project.sh"
. "$REPO_DIR/tests/compose/load.sh"

readonly STEPS=(images lab kills brokers monitoring swarm)
PASSED=0
FAILED=0
SWARM_OWN= # the engine is in a swarm of ours

# expect TEXT COMMAND...: the command succeeds; its output is shown if it does not.
expect() {
	local text=$1 output status
	# Not within a condition, where the command's own set -e would be void.
	set +e
	output=$(
		set -e
		"${@:2}" 2>&1
	)
	status=$?
	set -e
	if ((status == 0)); then
		PASSED=$((PASSED + 1))
		output_progress "ok: $text"
	else
		FAILED=$((FAILED + 1))
		output_progress "${RED}FAILED: $text$PLAIN"
		[[ -z $output ]] || output_line "$output"
	fi
}

settings() {
	require_programs order-service delivery-service order-clients
	: "${TEST_PORT:=25081}"
	require_number TEST_PORT 1024 65000
	export ORDER_PORT=$TEST_PORT DELIVERY_PORTS=$((TEST_PORT + 1))-$((TEST_PORT + 10)) \
		KAFKA_PORT=$((TEST_PORT + 11)) KAFKA_2_PORT=$((TEST_PORT + 13)) \
		KAFKA_3_PORT=$((TEST_PORT + 15)) PROMETHEUS_PORT=$((TEST_PORT + 17)) \
		GRAFANA_PORT=$((TEST_PORT + 18))
	# What a user has set for a stack of their own is nothing for the test.
	settings_unset
	unset COMPOSE_FILE COMPOSE_PROFILES COMPOSE_PROJECT_NAME
	export NO_PROXY=localhost,127.0.0.1 no_proxy=localhost,127.0.0.1
	require_command curl jq kcat
}

# clean_up: ends what runs, whatever the reason for the end.
clean_up() {
	trap '' HUP INT TERM
	set +e
	children_signal KILL
	children_wait
	[[ -z $SWARM_OWN ]] || swarm_down
	project_down_all
	engine_close
}

main() {
	local step
	(($# > 0)) || set -- "${STEPS[@]}"
	for step; do
		[[ " ${STEPS[*]} " == *" $step "* ]] || usage
		# shellcheck disable=SC1090 # checked by themselves
		. "$REPO_DIR/tests/compose/step_$step.sh"
	done
	settings
	lock_take test-compose
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	engine_open
	project_build
	for step; do
		"step_$step"
	done
	clean_up
	trap - EXIT
	[[ -z $ENGINE_OWN ]] || expect "the host is as it was" engine_left_nothing
	printf '%s passed, %s failed\n' "$PASSED" "$FAILED"
	((FAILED == 0))
}

main "$@"
