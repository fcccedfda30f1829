# shellcheck shell=bash
# The Kafka nodes: how many there are, their names and ports. To be sourced after stack/process.sh.
#
# One node, or three of which any two are a majority; each is broker and controller at once. The
# number belongs to the data: a storage that was formatted for one node cannot be one of three.
#
# env: BROKERS                1 or 3 (what the data in $RUN_DIR were made for; 1 without data)
#      KAFKA_PORT             clients (9092); nodes 2 and 3 are 2 and 4 ports further
#      KAFKA_CONTROLLER_PORT  controller (KAFKA_PORT + 1), likewise

# kafka_nodes: checks and completes the three settings, and sets KAFKA_SERVERS to the addresses of
# all nodes. What the data were made for goes first: kafka_nodes_as_asked tells who wants to start.
kafka_nodes() {
	local node apart
	BROKERS_ASKED=${BROKERS:-}
	BROKERS=$(kafka_nodes_of_data)
	: "${BROKERS:=${BROKERS_ASKED:-1}}" "${KAFKA_PORT:=9092}"
	[[ $BROKERS == [13] ]] || die "BROKERS='$BROKERS' is not 1 or 3"
	require_number KAFKA_PORT 1 $((65536 - 2 * BROKERS))
	: "${KAFKA_CONTROLLER_PORT:=$((KAFKA_PORT + 1))}"
	require_number KAFKA_CONTROLLER_PORT 1 $((65537 - 2 * BROKERS))
	apart=$((KAFKA_CONTROLLER_PORT - KAFKA_PORT))
	((apart % 2 || ${apart#-} >= 2 * BROKERS)) ||
		die "KAFKA_CONTROLLER_PORT=$KAFKA_CONTROLLER_PORT is one of the ports of the brokers:" \
			"$(kafka_ports)"
	KAFKA_SERVERS=
	for ((node = 1; node <= BROKERS; node++)); do
		KAFKA_SERVERS+=${KAFKA_SERVERS:+,}127.0.0.1:$(kafka_node_port "$node")
	done
	export BROKERS KAFKA_PORT KAFKA_CONTROLLER_PORT
	readonly KAFKA_SERVERS
}

# kafka_nodes_as_asked: after kafka_nodes: the data are those of as many nodes as the environment
# asked for, or die.
kafka_nodes_as_asked() {
	[[ -z $BROKERS_ASKED || $BROKERS_ASKED == "$BROKERS" ]] ||
		die "BROKERS=$BROKERS_ASKED, but the data in $RUN_DIR were made with BROKERS=$BROKERS:" \
			"make clean first, or set RUN_DIR=..."
}

# kafka_nodes_of_data: prints how many nodes the data were made for; nothing without data.
kafka_nodes_of_data() {
	if [[ -r $RUN_DIR/kafka/cluster ]]; then
		cut -d ' ' -f 1 "$RUN_DIR/kafka/cluster"
	elif [[ -e $RUN_DIR/kafka/1/formatted ]]; then
		printf 1 # by a version that knew one node only
	fi
}

kafka_node_port() { printf '%s' $((KAFKA_PORT + 2 * ($1 - 1))); }

kafka_node_controller_port() { printf '%s' $((KAFKA_CONTROLLER_PORT + 2 * ($1 - 1))); }

# kafka_node_ports_wanted NODE: prints its ports as build/preflight takes them.
kafka_node_ports_wanted() {
	printf "KAFKA_PORT:%s:Kafka,KAFKA_CONTROLLER_PORT:%s:Kafka's controller" \
		"$(kafka_node_port "$1")" "$(kafka_node_controller_port "$1")"
}

kafka_ports() {
	local node ports=()
	for ((node = 1; node <= BROKERS; node++)); do
		ports+=("$(kafka_node_port "$node")")
	done
	printf '%s' "${ports[*]}"
}

# kafka_node_answers NODE: it gives its metadata to a client, and the controller counts on it.
kafka_node_answers() {
	local port metadata
	port=$(kafka_node_port "$1")
	port_open "$port" && metadata=$(kcat -b "127.0.0.1:$port" -L -m 1 2>/dev/null) &&
		[[ $metadata == *"  broker $1 at "* ]]
}
