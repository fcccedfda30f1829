#!/usr/bin/env bash
# The Kafka brokers: the pinned Apache Kafka in KRaft mode, one node or three, each broker and
# controller at once; data in $RUN_DIR/kafka.
#
# usage: kafka/broker.sh fetch | start [NODE] | stop [NODE]
#   fetch   downloads the jars to .cache/ if they are not there yet
#   start   fetches, formats the storage on first use, starts the nodes or that one; they answer
#           when this returns
#   stop    stops them, or that one; the data stay
# env: BROKERS, KAFKA_PORT, KAFKA_CONTROLLER_PORT  see kafka/nodes.sh
#      KAFKA_HEAP_MB       Java heap at most, of each (128; 64 was enough for 90,000 events/s)
#      KAFKA_PROXIED       numbers of clients that reach the brokers by a proxy of their own, separated
#                          by blanks: for client N a broker listens on 127.0.2.N, too, 20 * N
#                          ports further, and names 127.0.1.N with its own port to who comes there
#      KAFKA_PROTOCOL      of its listeners (PLAINTEXT), with SECURE=1 beside kafka/secure.properties
#      RUN_DIR, CACHE_DIR  see stack/process.sh
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
. "$REPO_DIR/kafka/java.sh"
. "$REPO_DIR/kafka/nodes.sh"

kafka_nodes
KAFKA_HEAP_MB=${KAFKA_HEAP_MB:-128}
require_number KAFKA_HEAP_MB 48 65536

readonly CLUSTER_FILE=$RUN_DIR/kafka/cluster # the number of nodes and the cluster's id
readonly ARCHIVING_NODE=$BROKERS # leaves the class archive behind; not the one that is killed
readonly START_SECONDS=60
readonly STOP_SECONDS=20

node_dir() { printf '%s' "$RUN_DIR/kafka/$1"; }

# write_properties NODE: its settings, from server.properties and the environment. With three nodes
# every topic has three replicas, and a write is acknowledged when two of them have it.
write_properties() {
	local dir port controller_port node voters='' in_sync=$((BROKERS / 2 + 1))
	local client listeners='' advertised='' protocols='' protocol=${KAFKA_PROTOCOL:-PLAINTEXT}
	dir=$(node_dir "$1")
	port=$(kafka_node_port "$1")
	controller_port=$(kafka_node_controller_port "$1")
	for ((node = 1; node <= BROKERS; node++)); do
		voters+=${voters:+,}$node@127.0.0.1:$(kafka_node_controller_port "$node")
	done
	for client in ${KAFKA_PROXIED-}; do
		listeners+=,CLIENT$client://127.0.2.$client:$((port + 20 * client))
		advertised+=,CLIENT$client://127.0.1.$client:$port
		protocols+=,CLIENT$client:$protocol
	done
	mkdir -p "$dir"
	(umask 077 && cat "$REPO_DIR/kafka/server.properties" ${SECURE:+"$RUN_DIR/secure/kafka.properties"} - \
		>"$dir/server.properties") <<-END

		node.id=$1
		listeners=$protocol://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller_port$listeners
		advertised.listeners=$protocol://127.0.0.1:$port$advertised
		listener.security.protocol.map=$protocol:$protocol,CONTROLLER:${protocol#SASL_}$protocols
		controller.quorum.voters=$voters
		log.dirs=$dir/data
		default.replication.factor=$BROKERS
		min.insync.replicas=$in_sync
		offsets.topic.replication.factor=$BROKERS
		transaction.state.log.replication.factor=$BROKERS
		transaction.state.log.min.isr=$in_sync
		share.coordinator.state.topic.replication.factor=$BROKERS
		share.coordinator.state.topic.min.isr=$in_sync
	END
}

# format_storage NODE: makes it a storage of the cluster, once. A format that was interrupted is done
# again.
format_storage() {
	local dir id log=$RUN_DIR/log/kafka-$1-format.log
	dir=$(node_dir "$1")
	[[ ! -e $dir/formatted ]] || return 0
	rm -rf "$dir/data"
	read -r _ id <"$CLUSTER_FILE"
	# "=": the tool reads an id that begins with "-" as an option otherwise.
	"${KAFKA_JAVA[@]}" -Xmx64m kafka.tools.StorageTool format --cluster-id="$id" \
		--config "$dir/server.properties" ${SECURE:+"@$RUN_DIR/secure/scram.args"} \
		</dev/null 2>&1 | sed 's/Bootstrap metadata.*//' >"$log" ||
		die "Kafka's storage in $dir could not be formatted; $(process_last_words "$log")"
	touch "$dir/formatted"
}

# format_storages NODE...: all at the same time.
format_storages() {
	local id
	if [[ ! -e $CLUSTER_FILE ]]; then
		# A Kafka cluster id is 16 random bytes in URL-safe base64.
		id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
		printf '%s %s\n' "$BROKERS" "$id" >"$CLUSTER_FILE.new"
		mv "$CLUSTER_FILE.new" "$CLUSTER_FILE"
	fi
	in_parallel format_storage "$@"
}

# require_same_port NODE: a broker that runs has the port that is asked for.
require_same_port() {
	local port
	port=$(kafka_node_port "$1")
	process_gone "kafka-$1" ||
		grep -q -F "listeners=${KAFKA_PROTOCOL:-PLAINTEXT}://127.0.0.1:$port," "$(node_dir "$1")/server.properties" ||
		die "kafka-$1 runs with another port than $port: use its KAFKA_PORT, or stop it first"
}

# launch NODE...: starts them, without waiting for them.
launch() {
	local node archive wanted=''
	kafka_fetch
	run_dir_prepare
	require_command java kcat
	kafka_java
	for node; do
		wanted+=,$(kafka_node_ports_wanted "$node")
		write_properties "$node"
	done
	preflight PORTS="${wanted#,}"
	format_storages "$@"
	for node; do
		archive=()
		if [[ $node == "$ARCHIVING_NODE" && ! -r $KAFKA_ARCHIVE && -w $KAFKA_HOME ]]; then
			archive=(-XX:ArchiveClassesAtExit="$(node_dir "$node")/classes.jsa"
				-Xlog:cds=off -Xlog:cds+dynamic=off)
		fi
		process_start "kafka-$node" - ${SERVER_WRAPPER:+"$SERVER_WRAPPER" "kafka-$node"} \
			"${KAFKA_JAVA[@]}" "${archive[@]}" "-Xmx${KAFKA_HEAP_MB}m" -Xms32m kafka.Kafka \
			"$(node_dir "$node")/server.properties"
	done
}

# start NODE...: a broker that runs already is no error. They are launched
# together, since none is ready without a majority.
start() {
	local node missing=()
	kafka_nodes_as_asked
	for node; do
		require_same_port "$node"
		process_alive "kafka-$node" || missing+=("$node")
	done
	((${#missing[@]} == 0)) || launch "${missing[@]}"
	for node; do
		if [[ " ${missing[*]} " != *" $node "* ]]; then
			! process_still_ready "kafka-$node" "$START_SECONDS" kafka_node_answers "$node" ||
				continue
			launch "$node" # it was killed just now
		fi
		process_wait_ready "kafka-$node" "$START_SECONDS" kafka_node_answers "$node"
	done
}

# stop NODE...: see the usage above. To end in good order a broker needs the controllers' consent, of
# which one of three nodes alone has no majority: whichever is the last is killed. What it has
# written is written; the next start looks at the end of its logs. What never began is forgotten.
stop() {
	local node alive=() leaving=() last=
	for ((node = 1; node <= BROKERS; node++)); do
		! process_alive "kafka-$node" || alive+=("$node")
	done
	for node; do
		if process_alive "kafka-$node"; then leaving+=("$node"); else process_stop "kafka-$node" 0; fi
	done
	if ((BROKERS > 1 && ${#alive[@]} > 0 && ${#leaving[@]} == ${#alive[@]})); then
		last=${leaving[0]}
		leaving=("${leaving[@]:1}")
	fi
	in_parallel stop_node "${leaving[@]}"
	[[ -z $last ]] || process_stop "kafka-$last" "$STOP_SECONDS" KILL
	keep_archive
}

stop_node() { process_stop "kafka-$1" "$STOP_SECONDS"; }

# keep_archive: the class archive that a broker without one has written while it ended.
keep_archive() {
	local written
	written=$(node_dir "$ARCHIVING_NODE")/classes.jsa
	[[ -s $written ]] && process_gone "kafka-$ARCHIVING_NODE" || return 0
	mv -f "$written" "$(kafka_archive)" 2>/dev/null || rm -f "$written"
}

# nodes [NODE]: sets NODES to that one, or to all.
nodes() {
	mapfile -t NODES < <(seq "$BROKERS")
	(($# == 0)) && return
	[[ $# == 1 && " ${NODES[*]} " == *" $1 "* ]] || usage
	NODES=("$1")
}

case ${1-} in
start | stop)
	nodes "${@:2}"
	"$1" "${NODES[@]}"
	;;
fetch) kafka_fetch ;;
*) usage ;;
esac
