#!/usr/bin/env bash
# A load of the original lab, made by this project's load generator and then by JMeter, on the same
# services with nothing in them: do the two say the same? This is what `make lab-jmeter` runs.
#
# usage: lab/jmeter.sh LAB    levelling, rush, bulk or threads: lab/jmeter/LAB.jmx
# env: WAY  http, pool, group or kafka: see lab_way in lab/load_lab.sh (rush and levelling: pool)
#      QUICK, FULL, the ports, RUN_DIR and BUILD_DIR: see lab/load_lab.sh
# A call costs JMeter far more of a processor than our generator. So the services have one half of the
# processors and who calls them has the other, as if it called from another machine.
# Exit status: 0 they agree within 10 %, 1 not so, or something failed.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
. "$REPO_DIR/lab/load_lab.sh"
. "$REPO_DIR/kafka/java.sh"

readonly JMETER=$CACHE_DIR/jmeter

# jmeter_fetch: JMeter's folder, as its distribution has it.
jmeter_fetch() {
	cmp -s "$REPO_DIR/lab/jmeter/pom.xml" "$JMETER/pom.xml" ||
		maven_fetch "Apache JMeter (70 MB)" lab/jmeter/pom.xml "$JMETER" lib
	[[ ! -r $JMETER/bin/ApacheJMeter.jar ]] || return 0
	mkdir -p "$JMETER/lib/ext"
	unzip -q -o "$JMETER"/lib/ApacheJMeter_config-*.jar 'bin/*' -d "$JMETER"
	mv "$JMETER"/lib/ApacheJMeter_*.jar "$JMETER/lib/ext"
	mv "$JMETER"/lib/ApacheJMeter-*.jar "$JMETER/bin/ApacheJMeter.jar"
}

# the_load LAB: sets what is called, in this run's scale: USERS with LOOPS calls each, RATE a second
# (0: each user calls again when answered).
the_load() {
	RATE=0 TIMEOUT_MS=600000 WORK_MS=0 SERVICES=1
	case $1 in
	levelling) USERS=100 LOOPS=$(lab_scaled 2 10 10) WORK_MS=$(lab_scaled 20 50 1000) ;;
	rush) USERS=$(lab_scaled 100 6000 6000) LOOPS=5 SERVICES=4 TIMEOUT_MS=30000 ;;
	bulk) RATE=$(lab_scaled 200 500 5000) USERS=500 LOOPS=$(lab_scaled 2 60 600) TIMEOUT_MS=2000 ;;
	threads) RATE=100 USERS=100 LOOPS=$(lab_scaled 5 20 50) ;;
	*) usage ;;
	esac
	[[ $1 != levelling && $1 != rush ]] || : "${WAY:=pool}"
	: "${WAY:=kafka}"
}

services() {
	lab_way "$WAY"
	stack_fresh 4
	stack_delivery 1 "${LAB_WAY[@]}" DELIVERY_WORK=cpu DELIVERY_DELAY_ON=OrderPlaced \
		DELIVERY_DELAY_MS="$WORK_MS"
	stack_orders "$SERVICES" "${LAB_WAY[@]}" DELIVERY_TIMEOUT_MS=600000
}

# call_from_there NAME: the child runs on the callers' processors.
call_from_there() {
	taskset -acp "$CALLERS" "${CHILDREN[$1]}" >/dev/null
}

by_load() {
	load_start load PORTS="$(IFS=,; printf '%s' "${PORTS[*]}")" RATE="$RATE" COUNT="$CALLS" \
		CONNECTIONS="$((RATE > 0 ? RATE * 2 : USERS))" TIMEOUT_MS="$TIMEOUT_MS"
	call_from_there load
	load_wait load "calls" "$CALLS"
}

by_jmeter() {
	local number options=()
	for number in "${!PORTS[@]}"; do
		options+=(-J "port$((number + 1))=${PORTS[number]}")
	done
	child_start jmeter "$RUN_DIR/log/jmeter.out" java -Xmx2g -Xss256k -XX:+UseSerialGC \
		-XX:-UsePerfData -Djava.util.prefs.userRoot="$RUN_DIR/tmp" -Djava.io.tmpdir="$RUN_DIR/tmp" \
		-jar "$JMETER/bin/ApacheJMeter.jar" -n -t "$REPO_DIR/lab/jmeter/$1.jmx" \
		-q "$REPO_DIR/lab/jmeter/calls.properties" -l "$RUN_DIR/calls.jtl" \
		-j "$RUN_DIR/log/jmeter-own.log" -J threads="$USERS" -J loops="$LOOPS" -J rate="$RATE" -J timeout="$TIMEOUT_MS" "${options[@]}"
	call_from_there jmeter
	while child_alive jmeter; do
		sleep "$LOOK_SECONDS"
	done
	child_end jmeter || die "JMeter failed; $(process_last_words "$RUN_DIR/log/jmeter.out")"
	tail -n +2 "$RUN_DIR/calls.jtl" | sort -t , -k 2,2n | awk -F , -f "$REPO_DIR/lab/jmeter/figures.awk" |
		lab_figures jmeter
}

main() {
	local number generator cores
	(($# == 1)) || usage
	lab_settings lab-jmeter
	the_load "$1"
	((KEEP == 0)) || die "what JMeter finds is not kept: unset KEEP"
	require_command java mvn taskset unzip
	cores=$(nproc)
	((cores > 1)) || die "the services and the callers need a processor each, and here is one"
	CALLERS=$((cores / 2))-$((cores - 1))
	taskset -cp "0-$((cores / 2 - 1))" $$ >/dev/null
	jmeter_fetch
	CALLS=$((USERS * LOOPS))
	require_open_files $((3 * USERS + 500))
	lab_open 440
	mkdir -p "$RUN_DIR/tmp"
	lab_set plan="$1" way="$WAY" users="$USERS" calls="$CALLS" rate="$RATE"
	for ((number = 1; number <= SERVICES; number++)); do
		PORTS+=("$(stack_order_port "$number")")
	done
	for generator in load jmeter; do
		output_step "$1 ($WAY), by $generator"
		services
		sampler_start "$generator-cpu"
		"by_$generator" "$1"
		sampler_end
		lab_finished "$generator"
	done
	lab_result
}
PORTS=()

main "$@"
