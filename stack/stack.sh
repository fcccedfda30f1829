#!/usr/bin/env bash
# The lab's stack in the background: PostgreSQL, Kafka, order-service and delivery-service replicas.
#
# usage: stack/stack.sh COMMAND
#   up            starts what does not run, restarts the services with new settings; ready on return
#   servers       starts PostgreSQL and Kafka only
#   down          stops everything; the data stay
#   status        what runs, where, who has which partitions, and how far they are
#   scale N       that many delivery replicas, while all runs
#   scale-orders N  that many order-services, while all runs
#   partitions N  more partitions for the topic, while all runs
#   page          starts the live page of the stack that runs, and prints its address
#   kill N, pause N, resume N  a delivery replica: kill -9, SIGSTOP, SIGCONT
#   broker-stop, broker-start  Kafka alone
#   reset         everything is empty again, with one partition, while all runs
#   psql          opens psql on the lab's tables, or runs the statement in SQL
#   topic         the topic from the beginning and then live; FOLLOW=0 ends after what is there,
#                 RAW=1 shows the messages as they are
#   produce       sends what is typed to the topic, key:value or JSON; see docs/operations.md
#   dead-letters  what could not be applied or published; LETTER=5: one in full
#   replay        sends it again: all letters not replayed yet, LETTER=5, OUTBOX=orders|delivery
#   skip-missing ORDER  the order no longer waits for what is missing before its parked events
#   verify        judges the history: was anything lost, duplicated or out of order; JSON=1: as JSON
# env: BROKERS (1 or 3: see kafka/nodes.sh), KAFKA_PORT (9092), PG_PORT (15432), ORDER_PORT (8081,
#      replicas from 8181 upwards), DELIVERY_PORT (8082, replicas count upwards), PAGE_PORT (8080),
#      PAGE (on; off: without the live page), BUILD_DIR (build),
#      RUN_DIR, and every setting of the services (EVENT_KEY, ...); DELIVERY_OUTPUT, the file that
#      gets what DELIVERY_WORK=count prints (delivery-service's log); SERVICE_WRAPPER, a program
#      that gets a service's name and program, and becomes that; SERVER_WRAPPER likewise, a server's.
# A stack with other data beside it, for a program that starts one: RUN_DIR=..., other ports.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/process.sh"
. "$REPO_DIR/stack/settings.sh"

readonly READY_SECONDS=15
readonly STOP_SECONDS=15 # more than STOP_TIMEOUT_MS
STARTERS=() # the leaders of the process groups that start PostgreSQL and Kafka

# tell KEY [NAME=VALUE...]: says a text of the catalogue of tools/demo, in the user's language.
tell() {
	local IFS=$'\n'
	require_programs demo
	env -i ${LAB_LANG:+LAB_LANG="$LAB_LANG"} LAB_LOCALE="$LAB_LOCALE" ACTION=say SAY="$*" "$BUILD_DIR/demo"
}

# --- instances: several of a kind: order-service, delivery, kafka -------------------------------

# instances KIND: prints the numbers of those that run.
instances() {
	local file number
	for file in "$RUN_DIR/pid/$1"*; do
		number=${file#"$RUN_DIR/pid/$1"}
		if [[ $number =~ ^(-[0-9]+)?$ ]] && process_alive "$1$number"; then
			number=${number#-}
			printf '%s\n' "${number:-1}"
		fi
	done | sort -n
}

# instance_name KIND NUMBER: prints its name. The first order-service has no number.
instance_name() {
	local number=-$2
	[[ $1$number != order-service-1 ]] || number=
	printf '%s%s' "$1" "$number"
}

# instance_port KIND NUMBER: prints its port.
instance_port() {
	case $1 in
	order-service) stack_order_port "$2" ;;
	delivery) stack_delivery_port "$2" ;;
	kafka) kafka_node_port "$2" ;;
	esac
}

# instance_ready KIND NUMBER: it says that it is ready.
instance_ready() {
	if [[ $1 == kafka ]]; then
		kafka_node_answers "$2"
	else
		curl -f -s -o /dev/null --noproxy '*' --max-time 2 ${HTTP_CA:+--cacert "$HTTP_CA"} \
			"$SCHEME://127.0.0.1:$(instance_port "$1" "$2")/readyz"
	fi
}

# instance_start KIND NUMBER: starts an order-service or a replica, without waiting for it.
instance_start() {
	local kind=$1 port output=() role=order_service program=order-service name=() setting=ORDER_PORT
	port=$(instance_port "$@")
	if [[ $kind == delivery ]]; then
		role=delivery_service program=delivery-service name=(REPLICA="delivery-$port")
		setting=DELIVERY_PORT
		[[ -z ${DELIVERY_OUTPUT-} ]] || output=(bash -c 'exec "$@" >>"$0"' "$DELIVERY_OUTPUT")
	fi
	preflight PORTS="$setting:$port:$program $2"
	secure_as "$program"
	process_start "$(instance_name "$@")" - "${output[@]}" env "${SECURE_AS[@]}" HTTP_PORT="$port" "${name[@]}" \
		DATABASE_URL="$(stack_url "$role")" PGPASSFILE="$PGPASSFILE.$role" \
		${SERVICE_WRAPPER:+"$SERVICE_WRAPPER" "$(instance_name "$@")"} \
		"$BUILD_DIR/$program"
}

# instances_start KIND NUMBER...: starts them; ready on return.
instances_start() {
	local kind=$1 number
	for number in "${@:2}"; do
		instance_start "$kind" "$number"
	done
	for number in "${@:2}"; do
		process_wait_ready "$(instance_name "$kind" "$number")" "$READY_SECONDS" \
			instance_ready "$kind" "$number"
	done
}

# instances_stop KIND NUMBER...: all at the same time.
instances_stop() {
	local kind=$1 number names=()
	for number in "${@:2}"; do
		names+=("$(instance_name "$kind" "$number")")
	done
	in_parallel stop_process "${names[@]}"
}

stop_services() {
	local kind number names=()
	for kind in delivery order-service; do
		for number in $(instances "$kind"); do
			names+=("$(instance_name "$kind" "$number")")
		done
	done
	in_parallel stop_process "${names[@]}"
}

# stop_process NAME
stop_process() { process_stop "$1" "$STOP_SECONDS"; }

# instance_address KIND NUMBER: prints it for a user.
instance_address() {
	local text="order-service $2" path=orders
	[[ $1 != delivery ]] || text="delivery-service $2" path=deliveries
	printf "%-19s $SCHEME://127.0.0.1:%s/%s\n" "${text/%order-service 1/order-service}" \
		"$(instance_port "$@")" "$path"
}

# --- the live page ------------------------------------------------------------------------------

# page_start: starts it unless it runs, and sets PAGE_ADDRESS; empty: its port is taken, which is no
# reason to go without all the rest. Its token is this user's alone.
page_start() {
	local names file=$RUN_DIR/page.token
	[[ -s $file ]] || (umask 077 && head -c 16 /dev/urandom | od -A n -t x1 | tr -d ' \n' >"$file")
	PAGE_ADDRESS="$SCHEME://127.0.0.1:$PAGE_PORT/#token=$(<"$file")"
	! process_alive page || return 0
	if ! (preflight PORTS="PAGE_PORT:$PAGE_PORT:live page"); then
		say "there is no live page for now: make page PAGE_PORT=<a free port>"
		PAGE_ADDRESS=
		return 0
	fi
	# Without the services' settings of now, which its commands would give to them for ever.
	mapfile -t names < <(settings_names)
	secure_as page
	TOKEN=$(<"$file") process_start page - env "${names[@]/#/--unset=}" HTTP_PORT="$PAGE_PORT" \
		KAFKA_TOPIC="$KAFKA_TOPIC" KAFKA_CONF="${KAFKA_CONF-}" "${SECURE_AS[@]}" PROJECT="$REPO_DIR" \
		DATABASE_URL="$(stack_url page_reader)" PGPASSFILE="$PGPASSFILE.page_reader" \
		ORDER_URLS="$SCHEME://127.0.0.1:$ORDER_PORT,$SCHEME://127.0.0.1:$(stack_order_port 2)-$(stack_order_port 5)" \
		DELIVERY_URLS="$SCHEME://127.0.0.1:$DELIVERY_PORT-$(stack_delivery_port 8)" "$BUILD_DIR/page"
	process_wait_ready page "$READY_SECONDS" port_open "$PAGE_PORT"
}

page() {
	require_programs page
	require_up
	page_start
	[[ -n $PAGE_ADDRESS ]] || exit 1
	tell stack.open address="$PAGE_ADDRESS"
}

# --- the commands: see the usage above ----------------------------------------------------------

any_running() {
	process_alive postgres || process_alive page ||
		[[ -n $(instances kafka)$(instances order-service)$(instances delivery) ]]
}

require_up() {
	process_alive postgres || die "PostgreSQL does not run in $(quoted "$RUN_DIR"): make up$(lab_hint)"
	[[ -n $(instances kafka) ]] || die "Kafka does not run in $(quoted "$RUN_DIR"): make up$(lab_hint)"
}

# lab_folder: prints the folder of a lab's stack that runs below RUN_DIR.
lab_folder() {
	local mark
	for mark in "$RUN_DIR"/*/made-by-a-lab; do
		if [[ -e $mark ]] && RUN_DIR=${mark%/*} any_running; then
			printf '%s' "${mark%/*}"
			return
		fi
	done
}

# lab_hint: prints how to reach a lab's stack that runs, if one does.
lab_hint() {
	local folder
	folder=$(lab_folder)
	[[ -z $folder ]] || printf '; the stack of a lab runs in %s: add RUN_DIR=%q' "${folder##*/}" "$folder"
}

# use_lab: who only looks, and has no stack, means the one of the lab that runs.
use_lab() {
	local folder
	folder=$(lab_folder)
	if [[ -n $folder ]] && any_running; then
		say "this is the stack in $(quoted "$RUN_DIR")$(lab_hint)" >&2
	elif [[ -n $folder ]]; then
		RUN_DIR=$folder
		say "this is the stack of the lab in $(quoted "$folder")" >&2
	fi
}

# start_servers: PostgreSQL and, at the same time, Kafka with its topics, each in a process group that
# start_cut can end. One that fails has said why, and ends the other.
start_servers() {
	setsid "$REPO_DIR/sql/cluster.sh" start &
	STARTERS+=($!)
	setsid bash -c '"$0/broker.sh" start && "$0/topics.sh" create' "$REPO_DIR/kafka" &
	STARTERS+=($!)
	wait -n || exit 1
	wait "${STARTERS[0]}" && wait "${STARTERS[1]}" || exit 1
	STARTERS=()
}

# start_begin: what follows starts the stack. If it fails or is interrupted where nothing ran before,
# nothing is left of it.
start_begin() {
	trap start_cut EXIT
	! any_running || trap start_cut_short EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

start_cut() {
	start_cut_short
	stop_all 2>/dev/null
}

start_cut_short() {
	trap '' HUP INT TERM
	set +e
	[[ -z ${STARTERS[*]} ]] || kill -s TERM -- "${STARTERS[@]/#/-}" 2>/dev/null
	wait
}

up() {
	local orders replicas
	kafka_nodes_as_asked
	"$REPO_DIR/stack/packages.sh" install run
	lock_take stack
	require_programs order-service delivery-service page
	tell '' >/dev/null # in a language that there is
	settings_check
	settings_require_room 1
	start_begin
	mapfile -t orders < <(instances order-service)
	mapfile -t replicas < <(instances delivery)
	if ((${#orders[@]} + ${#replicas[@]} > 0)); then
		tell stack.restart
		stop_services
	fi
	settings_save
	start_servers
	((${#orders[@]} > 0)) || orders=(1)
	((${#replicas[@]} > 0)) || replicas=(1)
	instances_start order-service "${orders[@]}"
	instances_start delivery "${replicas[@]}"
	[[ ${PAGE:-on} == off ]] || page_start
	trap - EXIT
	say_what_next "${#orders[@]}" "${#replicas[@]}"
}

servers() {
	kafka_nodes_as_asked
	lock_take stack
	start_begin
	settings_save
	start_servers
	trap - EXIT
}

# say_what_next ORDERS REPLICAS: where everything is, and what to type.
say_what_next() {
	local number order in=''
	[[ $RUN_DIR == "$REPO_DIR/.run" ]] || in=" RUN_DIR=$(quoted "$RUN_DIR")"
	order=$("$REPO_DIR/sql/cluster.sh" psql -X -q -A -t \
		-c 'select last_value + is_called::int from orders.orders_id_seq')
	say ""
	[[ -z $SECURE ]] || say "certificates, tokens $(quoted "$RUN_DIR/secure"), see docs/security.md"
	[[ -z ${PAGE_ADDRESS-} ]] || tell stack.open address="$PAGE_ADDRESS"
	say "$(instance_address order-service 1) $(tell stack.key key="${EVENT_KEY:-order-id}")"
	for ((number = 2; number <= $1; number++)); do
		instance_address order-service "$number"
	done
	for ((number = 1; number <= $2; number++)); do
		instance_address delivery "$number"
	done
	tell stack.next kafka="${KAFKA_SERVERS//,/ }" topic="$KAFKA_TOPIC" database="$PG_PORT" \
		logs="$(quoted "$RUN_DIR/log")" port="$ORDER_PORT" order="$order" in="$in"
}

# The services first, then Kafka and PostgreSQL together.
down() {
	lock_take stack
	if ! any_running; then
		say "nothing runs in $(quoted "$RUN_DIR")$(lab_hint)"
		return 0
	fi
	stop_all || die "not everything could be stopped (the reason is above)"
	tell stack.stopped folder="$(quoted "$RUN_DIR")"
}

stop_all() {
	local broker status=0
	process_stop page "$STOP_SECONDS" || status=1
	stop_services || status=1
	"$REPO_DIR/kafka/broker.sh" stop &
	broker=$!
	"$REPO_DIR/sql/cluster.sh" stop || status=1
	wait "$broker" || status=1
	return "$status"
}

status() { show status; }

# show WHAT: becomes the program that shows it.
show() {
	require_programs demo
	ACTION=$1 exec "$BUILD_DIR/demo"
}

# scale KIND N: that many of a kind, while all runs.
scale() {
	local kind=$1 N=${2-} number running=() leaving=() missing=()
	[[ -n $N ]] || die "how many? make scale N=3, make scale-orders N=2"
	require_number N 0 100
	lock_take stack
	require_up
	mapfile -t running < <(instances "$kind")
	for number in "${running[@]}"; do
		((number <= N)) || leaving+=("$number")
	done
	instances_stop "$kind" "${leaving[@]}"
	for ((number = 1; number <= N; number++)); do
		[[ " ${running[*]} " == *" $number "* ]] || missing+=("$number")
	done
	instances_start "$kind" "${missing[@]}"
	for ((number = 1; number <= N; number++)); do
		instance_address "$kind" "$number"
	done
	((N > 0)) || tell stack.none name="${kind/%delivery/delivery-service}"
}

# signal_replica SIGNAL N: sends it to a delivery replica.
signal_replica() {
	local N=${2-}
	require_number N 1 100
	process_pid "$(instance_name delivery "$N")" || die "delivery-service $N does not run"
	kill -s "$1" "$PROCESS_PID"
	tell "stack.signal.${1,,}" n="$N" pid="$PROCESS_PID"
}

# reset: everything is empty again, with one partition; what runs stays as many.
reset() {
	local orders replicas
	lock_take stack
	if ! any_running; then
		rm -rf "$RUN_DIR"/{postgres,kafka}
		tell stack.removed folder="$(quoted "$RUN_DIR")"
		return 0
	fi
	require_up
	mapfile -t orders < <(instances order-service)
	mapfile -t replicas < <(instances delivery)
	stop_services
	"$REPO_DIR/sql/cluster.sh" psql -X -q -v ON_ERROR_STOP=1 -f "$REPO_DIR/sql/empty.sql"
	PARTITIONS=1 "$REPO_DIR/kafka/topics.sh" recreate
	instances_start order-service "${orders[@]}"
	instances_start delivery "${replicas[@]}"
	tell stack.empty orders="${#orders[@]}" deliveries="${#replicas[@]}"
}

# broker COMMAND: stops or starts Kafka alone.
broker() {
	process_alive postgres || die "PostgreSQL does not run in $(quoted "$RUN_DIR"): make up$(lab_hint)"
	"$REPO_DIR/kafka/broker.sh" "$1"
	tell "stack.broker.$1" servers="${KAFKA_SERVERS//,/ }"
}

partitions() {
	[[ -n ${1-} ]] || die "how many partitions? make partitions N=2"
	require_up
	"$REPO_DIR/kafka/topics.sh" alter "$1"
	"$REPO_DIR/kafka/topics.sh" describe
}

open_psql() {
	if [[ -n ${SQL-} ]]; then
		exec "$REPO_DIR/sql/cluster.sh" psql -X -P pager=off -v ON_ERROR_STOP=1 -c "$SQL"
	fi
	exec "$REPO_DIR/sql/cluster.sh" psql
}

# Its exit status is the checker's.
verify() {
	local as_json=()
	[[ -z ${JSON-} ]] || as_json=(--json)
	require_programs verify-history
	DATABASE_URL=$(stack_url lab) exec "$BUILD_DIR/verify-history" "${as_json[@]}"
}

# As the owner of the database: the roles of the services may not read what their outbox could not
# publish.
dead_letters() {
	require_programs dead-letters
	require_up
	ACTION=$1 DATABASE_URL=$(stack_url lab) exec "$BUILD_DIR/dead-letters"
}

skip_missing() {
	local versions
	[[ ${1-} =~ ^[0-9]{1,18}$ ]] ||
		die "which order? make skip-missing ORDER=7 (GET /deliveries/7 shows what it waits for)"
	require_up
	versions=$("$REPO_DIR/sql/cluster.sh" psql -X -q -A -t -v ON_ERROR_STOP=1 -v order="$1" \
		-v reason="make skip-missing by $(id -un)" -f "$REPO_DIR/sql/skip_missing.sql")
	[[ -n $versions ]] || die "order $1 waits for nothing that could be skipped"
	say "order $1 no longer waits for version" "${versions//$'\n'/, }"
}

main() {
	local command=${1-}
	[[ ! $command =~ ^(status|topic|produce|psql|verify|dead-letters)$ ]] || use_lab
	if [[ $command != up ]]; then
		settings_load
	elif any_running; then
		settings_require_same_ports
		settings_load
	fi
	settings_complete
	case $command in
	up | servers | down | status | page | verify) "$command" ;;
	topic | produce)
		[[ -n $(instances kafka) ]] || die "Kafka does not run in $(quoted "$RUN_DIR"): make up"
		show "$command"
		;;
	scale) scale delivery "${2-}" ;;
	scale-orders) scale order-service "${2-}" ;;
	partitions) partitions "${2-}" ;;
	kill) signal_replica KILL "${2-}" ;;
	pause) signal_replica STOP "${2-}" ;;
	resume) signal_replica CONT "${2-}" ;;
	broker-stop) broker stop ;;
	broker-start) broker start ;;
	reset) reset ;;
	skip-missing) skip_missing "${2-}" ;;
	psql) open_psql ;;
	dead-letters) dead_letters list ;;
	replay) dead_letters replay ;;
	*) usage ;;
	esac
}

main "$@"
