#!/usr/bin/env bash
# The lab's stack in the background: PostgreSQL, Kafka, order-service and delivery-service replicas.
#
# usage: stack/stack.sh up | down | status | scale N | scale-orders N | partitions N | psql | topic
#                      dead-letters | replay | skip-missing ORDER | verify
#   up            starts what does not run, restarts the services with new settings; ready on return
#   down          stops everything; the data stay
#   status        what runs, where, and how far the consumers are
#   scale N       that many delivery replicas, while all runs
#   scale-orders N  that many order-services, while all runs
#   partitions N  more partitions for the topic, while all runs
#   psql          opens psql on the lab's tables, or runs the statement in SQL
#   topic         the topic from the beginning and then live; FOLLOW=0 ends after what is there
#   dead-letters  what could not be applied or published; LETTER=5: one in full
#   replay        sends it again: all letters not replayed yet, LETTER=5, OUTBOX=orders|delivery
#   skip-missing ORDER the order no longer waits for what is missing before its parked events
#   verify        judges the history: was anything lost, duplicated or out of order; JSON=1: as JSON
# env: BROKERS (1 or 3: see kafka/nodes.sh), KAFKA_PORT (9092), PG_PORT (15432), ORDER_PORT (8081,
#      replicas from 8181 upwards), DELIVERY_PORT (8082, replicas count upwards), BUILD_DIR (build),
#      RUN_DIR, and every setting of the services (EVENT_KEY, ...); DELIVERY_OUTPUT, the file that
#      gets what DELIVERY_WORK=count prints (delivery-service's log).
# up keeps its environment's settings in $RUN_DIR/stack.env for the other commands, so that a
# replica that comes later has the same, and nobody has to repeat a port.
set -euo pipefail
# shellcheck source=stack/process.sh
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
# shellcheck source=kafka/nodes.sh
. "$REPO_DIR/kafka/nodes.sh"

readonly PORTS=(KAFKA_PORT KAFKA_CONTROLLER_PORT PG_PORT ORDER_PORT DELIVERY_PORT)
readonly SETTINGS=(EVENT_KEY DELIVERY_DELAY_MS DELIVERY_DELAY_ON DELIVERY_WORK WORKER_MODEL
	WORKERS PROCESSING_ORDER MAX_CONCURRENCY SEQUENCING LOG_LEVEL HTTP_THREADS ORDER_QUEUE_MAX
	DISPATCH DELIVERY_URL DELIVERY_TIMEOUT_MS KAFKA_TOPIC KAFKA_CONF BUILD_DIR DELIVERY_OUTPUT)
readonly SETTINGS_FILE=$RUN_DIR/stack.env
readonly READY_SECONDS=15
readonly STOP_SECONDS=10

# usage: the usage lines of this file, to stderr; exit 2.
usage() {
	sed -n '4,17s/^# //p' "$0" >&2
	exit 2
}

# save_settings: the ports and those settings that the environment gives, one NAME=value a line.
save_settings() {
	local name
	for name in "${PORTS[@]}" "${SETTINGS[@]}"; do
		[[ -z ${!name+set} ]] || printf '%s=%s\n' "$name" "${!name//$'\n'/ }"
	done >"$SETTINGS_FILE"
}

# load_settings NAME...: takes the named settings from the last up; what the environment says goes
# first.
load_settings() {
	local name value
	[[ -r $SETTINGS_FILE ]] || return 0
	while IFS='=' read -r name value; do
		[[ " $* " == *" $name "* && -z ${!name+set} ]] || continue
		export "$name=$value"
	done <"$SETTINGS_FILE"
}

# default_settings: what neither the environment nor the last up gave.
default_settings() {
	local name
	kafka_nodes
	: "${PG_PORT:=15432}" "${ORDER_PORT:=8081}" "${DELIVERY_PORT:=8082}"
	for name in "${PORTS[@]}"; do
		require_number "$name" 1 65535
		export "${name?}"
	done
	BUILD_DIR=$(cd "$REPO_DIR" && realpath -m -s -- "${BUILD_DIR:-build}")
	export KAFKA_TOPIC=${KAFKA_TOPIC:-kafka.scaling}
	export PGPASSFILE=$RUN_DIR/pgpass
	export KAFKA_BOOTSTRAP_SERVERS=$KAFKA_SERVERS HTTP_HOST=127.0.0.1
	export DELIVERY_URL=${DELIVERY_URL:-http://127.0.0.1:$DELIVERY_PORT}
}

# require_same_ports: a stack that runs cannot move to other ports.
require_same_ports() {
	local name value
	[[ -r $SETTINGS_FILE ]] || return 0
	while IFS='=' read -r name value; do
		[[ " ${PORTS[*]} " != *" $name "* || ${!name:-$value} == "$value" ]] ||
			die "the stack runs with $name=$value, not ${!name}: make down first, or set RUN_DIR"
	done <"$SETTINGS_FILE"
}

# all_processes: prints the name of every part that has a pid file, in the order in which they stop.
all_processes() {
	replicas | sort -t - -k 2 -rn
	order_services | sort -t - -k 3 -rn
	brokers
	printf 'postgres\n'
}

# any_running: at least one part runs.
any_running() {
	local name names
	mapfile -t names < <(all_processes)
	for name in "${names[@]}"; do
		! process_alive "$name" || return 0
	done
	return 1
}

# running PATTERN: prints the names of the processes that run and match it, from end to end.
running() {
	local file name
	for file in "$RUN_DIR"/pid/*; do
		name=${file##*/}
		[[ $name =~ ^($1)$ ]] || continue
		! process_alive "$name" || printf '%s\n' "$name"
	done
}

# brokers: prints the names of the Kafka brokers that run: kafka-1, kafka-2, ...
brokers() {
	running 'kafka-[0-9]+'
}

# replicas: prints the names of the delivery replicas that run: delivery-1, delivery-2, ...
replicas() {
	running 'delivery-[0-9]+'
}

# order_services: prints the names of the order-services that run: order-service, order-service-2,
# ...
order_services() {
	running 'order-service(-[0-9]+)?'
}

# order_name NUMBER: prints the name of the order-service.
order_name() {
	local suffix=-$1
	[[ $1 != 1 ]] || suffix=
	printf 'order-service%s' "$suffix"
}

# order_number NAME: the reverse.
order_number() {
	local suffix=${1#order-service}
	suffix=${suffix:--1}
	printf '%s' "${suffix#-}"
}

# order_port NUMBER: prints its port. The ports behind the first one's are the delivery replicas'.
order_port() {
	if (($1 == 1)); then
		printf '%s' "$ORDER_PORT"
	else
		printf '%s' $((ORDER_PORT + 98 + $1))
	fi
}

# replica_port NUMBER: prints the port of the delivery replica.
replica_port() {
	printf '%s' $((DELIVERY_PORT + $1 - 1))
}

# is_ready PORT: the service there says that it is ready.
is_ready() {
	curl -f -s -o /dev/null --noproxy '*' --max-time 2 "http://127.0.0.1:$1/readyz"
}

# start_order NUMBER: starts an order-service, without waiting for it.
start_order() {
	local port
	port=$(order_port "$1")
	require_port_free "$port" "order-service $1" ORDER_PORT
	process_start "$(order_name "$1")" - env HTTP_PORT="$port" \
		DATABASE_URL="postgresql://order_service@127.0.0.1:$PG_PORT/lab" "$BUILD_DIR/order-service"
}

# start_replica NUMBER: starts a delivery replica, without waiting for it.
start_replica() {
	local port output=()
	port=$(replica_port "$1")
	require_port_free "$port" "delivery-service $1" DELIVERY_PORT
	# shellcheck disable=SC2016 # expanded by the inner shell
	[[ -z ${DELIVERY_OUTPUT-} ]] || output=(bash -c 'exec "$@" >>"$0"' "$DELIVERY_OUTPUT")
	process_start "delivery-$1" - "${output[@]}" env HTTP_PORT="$port" REPLICA="delivery-$port" \
		DATABASE_URL="postgresql://delivery_service@127.0.0.1:$PG_PORT/lab" \
		"$BUILD_DIR/delivery-service"
}

# stop_all NAME...: stops the processes, all at the same time.
stop_all() {
	at_once stop_one "$@"
}

# stop_one NAME
stop_one() {
	process_stop "$1" "$STOP_SECONDS"
}

# start_base: PostgreSQL and, at the same time, Kafka with its topics.
start_base() {
	local cluster status=0
	"$REPO_DIR/sql/cluster.sh" start &
	cluster=$!
	{ "$REPO_DIR/kafka/broker.sh" start && "$REPO_DIR/kafka/topics.sh" create; } || status=1
	wait "$cluster" || status=1
	((status == 0)) ||
		die "the stack is not up (the reason is above); make down stops the parts that run"
}

# start_services ORDERS REPLICAS: that many order-services and delivery replicas; ready on return.
start_services() {
	local number
	for ((number = 1; number <= $1; number++)); do
		start_order "$number"
	done
	for ((number = 1; number <= $2; number++)); do
		start_replica "$number"
	done
	for ((number = 1; number <= $1; number++)); do
		await_order "$number"
	done
	for ((number = 1; number <= $2; number++)); do
		await_replica "$number"
	done
}

# await_order NUMBER: it is ready, or die.
await_order() {
	process_wait_ready "$(order_name "$1")" "$READY_SECONDS" is_ready "$(order_port "$1")"
}

# await_replica NUMBER: it is ready, or die.
await_replica() {
	process_wait_ready "delivery-$1" "$READY_SECONDS" is_ready "$(replica_port "$1")"
}

# up: see the usage above.
up() {
	local running orders order_count count
	kafka_nodes_as_asked
	"$REPO_DIR/stack/packages.sh" install run
	lock_take stack
	[[ -x $BUILD_DIR/order-service && -x $BUILD_DIR/delivery-service ]] ||
		die "order-service and delivery-service are not in $BUILD_DIR: type make first"
	mapfile -t running < <(replicas)
	mapfile -t orders < <(order_services)
	count=$((${#running[@]} > 0 ? ${#running[@]} : 1))
	order_count=$((${#orders[@]} > 0 ? ${#orders[@]} : 1))
	if ((${#orders[@]} + ${#running[@]} > 0)); then
		say "the stack is up: restarting the services with the settings of now"
		stop_all "${running[@]}" "${orders[@]}"
	fi
	require_port_free "$ORDER_PORT" order-service ORDER_PORT
	require_port_free "$DELIVERY_PORT" delivery-service DELIVERY_PORT
	save_settings
	start_base
	start_services "$order_count" "$count"
	say_what_next
}

# say_what_next: where everything is, and what to type.
say_what_next() {
	local name number count
	count=$(replicas | wc -l)
	say ""
	say "order-service       http://127.0.0.1:$ORDER_PORT/orders (event key: ${EVENT_KEY:-order-id})"
	for name in $(order_services | sed 1d | sort -t - -k 3 -n); do
		say "${name/-service-/-service }     http://127.0.0.1:$(order_port "${name##*-}")/orders"
	done
	for ((number = 1; number <= count; number++)); do
		say "delivery-service $number  http://127.0.0.1:$(replica_port "$number")/deliveries"
	done
	say "Kafka               ${KAFKA_SERVERS//,/ }, topic $KAFKA_TOPIC"
	say "PostgreSQL          127.0.0.1:$PG_PORT, database lab"
	say "logs                $RUN_DIR/log"
	cat <<-END

		What to type next:
		  http :$ORDER_PORT/orders customerId=2000 productId=100 productName=RADIO qty=3 address=PUSAN
		  http PATCH :$ORDER_PORT/orders/1 address=SEOUL
		  http DELETE :$ORDER_PORT/orders/1
		  make topic                                    the events, live
		  make psql SQL='select * from delivery_table'  the deliveries
		  make partitions N=2; make scale N=2; make up EVENT_KEY=none; make status; make down
	END
}

# down: see the usage above. The services first, then Kafka and PostgreSQL together.
down() {
	local names orders broker status=0
	lock_take stack
	if ! any_running; then
		say "nothing runs in $RUN_DIR"
		return 0
	fi
	mapfile -t names < <(replicas)
	mapfile -t orders < <(order_services)
	stop_all "${names[@]}" "${orders[@]}" || status=1
	"$REPO_DIR/kafka/broker.sh" stop &
	broker=$!
	"$REPO_DIR/sql/cluster.sh" stop || status=1
	wait "$broker" || status=1
	((status == 0)) || die "not everything could be stopped (the reason is above)"
	say "stopped; the data stay in $RUN_DIR"
}

# status_line PART NAME PORT COMMAND...: a row of the table; the command tells whether it is ready.
status_line() {
	local part=$1 name=$2 port=$3 ready=no
	shift 3
	if process_pid "$name"; then
		! "$@" >/dev/null 2>&1 || ready=yes
		printf '%-20s %-8s %-6s %s\n' "$part" "$PROCESS_PID" "$port" "$ready"
	else
		printf '%-20s %-8s %-6s %s\n' "$part" - "$port" "not running"
	fi
}

# status: see the usage above.
status() {
	local name names number
	printf '%-20s %-8s %-6s %s\n' part pid port ready
	status_line PostgreSQL postgres "$PG_PORT" pg_isready -q -h 127.0.0.1 -p "$PG_PORT"
	for ((number = 1; number <= BROKERS; number++)); do
		status_line "$( ((BROKERS == 1)) && printf Kafka || printf 'Kafka broker %s' "$number")" \
			"kafka-$number" "$(kafka_node_port "$number")" kafka_node_answers "$number"
	done
	mapfile -t names < <(order_services | sort -t - -k 3 -n)
	((${#names[@]} > 0)) || names=(order-service)
	for name in "${names[@]}"; do
		number=$(order_number "$name")
		status_line "${name/-service-/-service }" "$name" "$(order_port "$number")" \
			is_ready "$(order_port "$number")"
	done
	mapfile -t names < <(replicas | sort -t - -k 2 -n)
	((${#names[@]} > 0)) || names=(delivery-1)
	for name in "${names[@]}"; do
		status_line "delivery-service ${name#*-}" "$name" "$(replica_port "${name#*-}")" \
			is_ready "$(replica_port "${name#*-}")"
	done
	[[ -n $(brokers) ]] || return 0
	say ""
	status_topic
	"$REPO_DIR/kafka/topics.sh" groups
}

# status_topic: its partitions; with several brokers also who leads them, and who has all of it.
status_topic() {
	local leaders=()
	((BROKERS == 1)) ||
		leaders=(-e 's/^ *\(partition [0-9]*, leader [-0-9]*\), .*isrs: /\1, in sync: /p')
	kcat -b "$KAFKA_SERVERS" -L -t "$KAFKA_TOPIC" -m 5 2>&1 | sed -n "${leaders[@]}" \
		-e 's/^ *topic "\(.*\)" with \([0-9]*\) partitions.*/topic \1, partitions: \2/p'
}

# require_up: the servers run, or die.
require_up() {
	process_alive postgres || die "PostgreSQL does not run in $RUN_DIR: make up"
	[[ -n $(brokers) ]] || die "Kafka does not run in $RUN_DIR: make up"
}

# scale N: see the usage above.
scale() {
	local N=${1-} number name names=()
	[[ -n $N ]] || die "how many replicas? make scale N=3"
	require_number N 0 100
	lock_take stack
	require_up
	for name in $(replicas); do
		((${name#*-} <= N)) || names+=("$name")
	done
	stop_all "${names[@]}"
	names=()
	for ((number = 1; number <= N; number++)); do
		process_gone "delivery-$number" || continue
		start_replica "$number"
		names+=("$number")
	done
	for number in "${names[@]}"; do
		await_replica "$number"
	done
	for name in $(replicas | sort -t - -k 2 -n); do
		say "delivery-service ${name#*-}  http://127.0.0.1:$(replica_port "${name#*-}")/deliveries"
	done
}

# scale_orders N: see the usage above.
scale_orders() {
	local N=${1-} number name names=()
	[[ -n $N ]] || die "how many order-services? make scale-orders N=2"
	require_number N 0 100
	lock_take stack
	require_up
	for name in $(order_services); do
		(($(order_number "$name") <= N)) || names+=("$name")
	done
	stop_all "${names[@]}"
	names=()
	for ((number = 1; number <= N; number++)); do
		process_gone "$(order_name "$number")" || continue
		start_order "$number"
		names+=("$number")
	done
	for number in "${names[@]}"; do
		await_order "$number"
	done
	for name in $(order_services | sort -t - -k 3 -n); do
		say "${name/-service-/-service }  http://127.0.0.1:$(order_port "$(order_number "$name")")/orders"
	done
}

# partitions N: see the usage above.
partitions() {
	[[ -n ${1-} ]] || die "how many partitions? make partitions N=2"
	require_up
	"$REPO_DIR/kafka/topics.sh" alter "$1"
	"$REPO_DIR/kafka/topics.sh" describe
}

# open_psql: see the usage above.
open_psql() {
	if [[ -n ${SQL-} ]]; then
		exec "$REPO_DIR/sql/cluster.sh" psql -X -P pager=off -v ON_ERROR_STOP=1 -c "$SQL"
	fi
	exec "$REPO_DIR/sql/cluster.sh" psql
}

# topic: see the usage above. A group of its own, never committed, so that it sees everything, also
# in partitions that are added while it runs.
topic() {
	local until_end=()
	[[ -n $(brokers) ]] || die "Kafka does not run in $RUN_DIR: make up"
	[[ ${FOLLOW:-1} != 0 ]] || until_end=(-e)
	printf '%-9s %6s  %-6s %-18s %s\n' partition offset key type value
	# -f of kcat cannot show one header; jq can.
	# shellcheck disable=SC2016 # jq's variables
	kcat -q -u -J "${until_end[@]}" -b "$KAFKA_BOOTSTRAP_SERVERS" -X auto.offset.reset=earliest \
		-X enable.auto.commit=false -X log_level=3 -X topic.metadata.refresh.interval.ms=1000 \
		-G "lab-topic-$$-$RANDOM" "$KAFKA_TOPIC" |
		jq -r --unbuffered '
			def left($n): tostring | . + (" " * ($n - length) // "");
			def right($n): tostring | (" " * ($n - length) // "") + .;
			def header($name): .headers as $h | ($h // [] | index($name)) as $i
				| if $i == null then "-" else $h[$i + 1] // "-" end
				| ltrimstr("\"") | rtrimstr("\"");
			[(.partition | left(9)), (.offset | right(6)) + " ", (.key // "-" | left(6)),
				(header("type") | left(18)), (.payload // "(null)" | tostring)] | join(" ")'
}

# verify: see the usage above. Its exit status is the checker's.
verify() {
	local as_json=()
	[[ -z ${JSON-} ]] || as_json=(--json)
	[[ -x $BUILD_DIR/verify-history ]] || die "verify-history is not in $BUILD_DIR: type make first"
	DATABASE_URL=postgresql://lab@127.0.0.1:$PG_PORT/lab exec "$BUILD_DIR/verify-history" "${as_json[@]}"
}

# dead_letters ACTION: see the usage above. As the owner of the database: the roles of the services
# may not read what their outbox could not get rid of.
dead_letters() {
	[[ -x $BUILD_DIR/dead-letters ]] ||
		die "dead-letters is not in $BUILD_DIR: type make first"
	require_up
	export ACTION=$1 DATABASE_URL=postgresql://lab@127.0.0.1:$PG_PORT/lab
	exec "$BUILD_DIR/dead-letters"
}

# skip_missing ORDER: see the usage above. delivery-service passes the versions within a second or two.
skip_missing() {
	local sql
	[[ ${1-} =~ ^[0-9]{1,18}$ ]] ||
		die "which order? make skip-missing ORDER=7 (GET /deliveries/7 shows what it waits for)"
	require_up
	sql="insert into delivery.given_up (order_id, version, reason)
		select $1, v, 'make skip-missing by $(id -un)' from
			(select min(version) as parked from delivery.parked where order_id = $1) p,
			generate_series(1 + coalesce(
				(select version from delivery.delivery where order_id = $1), 0), parked - 1) v
		on conflict do nothing returning version"
	sql=$("$REPO_DIR/sql/cluster.sh" psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$sql")
	[[ -n $sql ]] || die "order $1 waits for nothing that could be given up"
	say "order $1 no longer waits for version" "${sql//$'\n'/, }"
}

main() {
	local command=${1-}
	case $command in
	up)
		if any_running; then
			require_same_ports
			load_settings "${PORTS[@]}"
		fi
		;;
	*) load_settings "${PORTS[@]}" "${SETTINGS[@]}" ;;
	esac
	default_settings
	case $command in
	up) up ;;
	down) down ;;
	status) status ;;
	scale) scale "${2-}" ;;
	scale-orders) scale_orders "${2-}" ;;
	partitions) partitions "${2-}" ;;
	skip-missing) skip_missing "${2-}" ;;
	psql) open_psql ;;
	topic) topic ;;
	dead-letters) dead_letters list ;;
	replay) dead_letters replay ;;
	verify) verify ;;
	*) usage ;;
	esac
}

main "$@"
