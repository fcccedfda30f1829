# shellcheck shell=bash
# The settings of a stack: its ports, and those of the services. To be sourced after
# stack/process.sh.
#
# What the services can be told, they say themselves (--print-config): there is no other list. The
# last `up` keeps what its environment gave in $RUN_DIR/stack.env for later commands, so that a
# replica that comes later has the same, and nobody has to repeat a port.
#
# env: BROKERS, KAFKA_PORT, KAFKA_CONTROLLER_PORT  see kafka/nodes.sh
#      PG_PORT (15432), ORDER_PORT (8081), DELIVERY_PORT (8082), PAGE_PORT (8080), BUILD_DIR (build)

. "$REPO_DIR/kafka/nodes.sh"

readonly STACK_PORTS=(KAFKA_PORT KAFKA_CONTROLLER_PORT PG_PORT ORDER_PORT DELIVERY_PORT PAGE_PORT)
readonly STACK_SETTINGS_FILE=stack.env
readonly STACK_SPACE_MB=100 # of the disk: the data of a new stack, and some orders
# What else make's command line may have beside a command.
readonly COMMAND_SETTINGS='BROKERS PARTITIONS REPLICATION KAFKA_HEAP_MB BUILD_DIR RUN_DIR CACHE_DIR PAGE SERVICE_WRAPPER
	SECURE
	N SQL FOLLOW RAW ORDER ROUNDS PACE LAB_LANG NO_COLOR VARIANT SANITIZE BUILD CC CFLAGS LDFLAGS'

# settings_names: prints what a user may set, one name a line: what the services know, without what
# the stack itself gives to each of them.
settings_names() {
	local service
	for service in order-service delivery-service; do
		env -i "$BUILD_DIR/$service" --print-config
	done | sed -n 's/^\([A-Z_]*\)=.*/\1/p' | sort -u |
		grep -v -x -E 'KAFKA_BOOTSTRAP_SERVERS|DATABASE_URL|HTTP_HOST|HTTP_PORT|REPLICA'
	printf 'DELIVERY_OUTPUT\n'
}

# settings_unset: what a user has set for a stack of their own is nothing for a lab or a test.
settings_unset() {
	local names
	mapfile -t names < <(settings_names)
	unset PARTITIONS "${names[@]}"
}

# settings_save: the ports and those settings that the environment gives, one NAME=value a line, some
# of them secret.
settings_save() {
	local names name file=$RUN_DIR/$STACK_SETTINGS_FILE
	mapfile -t names < <(settings_names)
	for name in "${STACK_PORTS[@]}" BUILD_DIR SECURE "${names[@]}"; do
		[[ -z ${!name+set} ]] || printf '%s=%s\n' "$name" "${!name//$'\n'/ }"
	done | (umask 077 && cat >"$file.new")
	mv -f "$file.new" "$file"
}

# settings_load: takes those of the last up; what the environment says goes first.
settings_load() {
	local name value
	[[ -r $RUN_DIR/$STACK_SETTINGS_FILE ]] || return 0
	while IFS='=' read -r name value; do
		[[ -z ${!name+set} ]] || continue
		export "$name=$value"
	done <"$RUN_DIR/$STACK_SETTINGS_FILE"
}

# settings_require_same_ports: a stack that runs cannot move to other ports.
settings_require_same_ports() {
	local name value
	[[ -r $RUN_DIR/$STACK_SETTINGS_FILE ]] || return 0
	while IFS='=' read -r name value; do
		[[ " ${STACK_PORTS[*]} SECURE " != *" $name "* || ${!name:-$value} == "$value" ]] ||
			die "the stack runs with $name=$value, not ${!name}: make down first, or set RUN_DIR"
	done <"$RUN_DIR/$STACK_SETTINGS_FILE"
}

# settings_complete: what nothing gave so far, checked and exported.
settings_complete() {
	local name
	kafka_nodes
	: "${PG_PORT:=15432}" "${ORDER_PORT:=8081}" "${DELIVERY_PORT:=8082}" "${PAGE_PORT:=8080}"
	for name in "${STACK_PORTS[@]}"; do
		require_number "$name" 1 65535
		export "${name?}"
	done
	: "${PARTITIONS:=$((BROKERS > 1 ? 4 : 1))}" "${KAFKA_HEAP_MB:=128}"
	require_number PARTITIONS 1 1000
	require_number KAFKA_HEAP_MB 48 65536
	require_programs
	export KAFKA_TOPIC=${KAFKA_TOPIC:-kafka.scaling} PGPASSFILE=$RUN_DIR/pgpass
	export KAFKA_BOOTSTRAP_SERVERS=$KAFKA_SERVERS HTTP_HOST=127.0.0.1
	export SECURE=${SECURE-}
	export SCHEME=http${SECURE:+s}
	export DELIVERY_URL=${DELIVERY_URL:-$SCHEME://127.0.0.1:$DELIVERY_PORT}
	settings_secure
}

# settings_secure: with SECURE=1, who everybody is, is there; what is started from here on is the operator.
settings_secure() {
	[[ -n $SECURE ]] || return 0
	[[ $SECURE == 1 || $SECURE == scram ]] || die "SECURE='$SECURE' is not 1 or scram"
	run_dir_prepare
	mkdir -p "$RUN_DIR/secure"
	MAKEFLAGS='' make -s -C "$RUN_DIR/secure" -f "$REPO_DIR/stack/secure/Makefile" \
		SECURE="$SECURE" KAFKA_DIR="$REPO_DIR/kafka" >&2 || die "no certificates could be made"
	secure_as operator
	export "${SECURE_AS[@]}"
}

# settings_check: the services say what is wrong with their settings, before anything is stopped.
# SETTINGS_GIVEN: the names on make's command line, of which none may be unknown.
settings_check() {
	local service found=''
	preflight GIVEN="${SETTINGS_GIVEN-}" KNOWN="${STACK_PORTS[*]} $COMMAND_SETTINGS $(settings_names)"
	for service in order-service delivery-service; do
		found+=$(HTTP_PORT=0 DATABASE_URL='' "$BUILD_DIR/$service" --check-config 2>&1)$'\n' || true
	done
	[[ -z $SECURE || " ${SETTINGS_GIVEN-} " != *' KAFKA_CONF '* ]] || found+='SECURE=1 sets KAFKA_CONF itself'
	found=$(sed '/^$/d; /: bad settings, see /d' <<<"$found" | sort -u)
	[[ -z $found ]] || die "$found"
}

# settings_require_room REPLICAS: the disk has room, and the ports of an order-service, of that many
# replicas and of the servers are free or this stack's own; dies with all that is in the way.
settings_require_room() {
	local number wanted='' space=0
	process_alive postgres || space=$STACK_SPACE_MB wanted+=,PG_PORT:$PG_PORT:PostgreSQL
	for ((number = 1; number <= BROKERS; number++)); do
		process_alive "kafka-$number" || wanted+=,$(kafka_node_ports_wanted "$number")
	done
	process_alive order-service || wanted+=,ORDER_PORT:$ORDER_PORT:order-service
	for ((number = 1; number <= $1; number++)); do
		process_alive "delivery-$number" ||
			wanted+=",DELIVERY_PORT:$(stack_delivery_port "$number"):delivery-service $number"
	done
	preflight PORTS="${wanted#,}" SPACE_MB="$space"
}

# stack_url ROLE: prints the address of the database; its owner is lab.
stack_url() { printf 'postgresql://%s@127.0.0.1:%s/lab' "$1" "$PG_PORT"; }

# stack_order_port NUMBER: prints its port. The ports behind the first one's are the delivery
# replicas'.
stack_order_port() { printf '%s' $(($1 == 1 ? ORDER_PORT : ORDER_PORT + 98 + $1)); }

# stack_delivery_port NUMBER: prints the port of the delivery replica.
stack_delivery_port() { printf '%s' $((DELIVERY_PORT + $1 - 1)); }
