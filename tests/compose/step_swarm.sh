# shellcheck shell=bash
# The step on a swarm of one node. To be sourced after tests/compose/load.sh.
#
# A kernel may have no IPVS, which Swarm's virtual addresses and its routing mesh need: here each
# order-service has a port of this machine of its own (PORT_MODE=host).

readonly STACK=$PROJECT-swarm

step_swarm() {
	output_step "swarm: docker stack deploy on one node"
	swarm_up
	expect "4 order-services and 1 delivery-service run and are healthy" \
		wait_until 120 "all run" swarm_runs 4 1
	load_begin "$(swarm_ports)"
	docker service scale "${STACK}_delivery-service=3" >/dev/null
	expect "docker service scale: 3 delivery-services under load" \
		wait_until 60 "three run" swarm_runs 4 3
	load_flows 100
	docker kill -s KILL "$(swarm_tasks order-service | sed -n 1p)" >/dev/null
	docker kill -s KILL "$(swarm_tasks delivery-service | sed -n 1p)" >/dev/null
	expect "an order-service and a delivery-service are killed; the swarm replaces them" \
		wait_until 60 "all run" swarm_runs 4 3
	load_flows 100
	expect_history swarm_check
	swarm_down
}

swarm_up() {
	[[ $(docker info -f '{{.Swarm.LocalNodeState}}') == inactive ]] ||
		die "this engine is in a swarm already: run the other steps only"
	docker swarm init --advertise-addr 127.0.0.1 >/dev/null
	SWARM_OWN=1
	docker node update --label-add kafka_server=true "$(docker node ls -q)" >/dev/null
	"$REPO_DIR/deploy/docker/swarm-secrets.sh"
	ENDPOINT_MODE=dnsrr PORT_MODE=host ORDER_PORT=0 PARTITIONS=4 DELIVERY_DELAY_MS=5 \
		MAX_CONCURRENCY=64 docker stack deploy --resolve-image never \
		-c "$REPO_DIR/deploy/docker/stack.yml" "$STACK" >>"$RUN_DIR/log/compose.log" 2>&1 ||
		die "docker stack deploy failed; $(process_last_words "$RUN_DIR/log/compose.log")"
}

# swarm_tasks SERVICE: prints the ids of its containers that are healthy.
swarm_tasks() {
	docker ps -q --filter "label=com.docker.swarm.service.name=${STACK}_$1" --filter health=healthy
}

# swarm_runs ORDERS REPLICAS: so many are healthy, and ready.
swarm_runs() {
	local id
	[[ $(swarm_tasks order-service | wc -l) == "$1" ]] || return 1
	[[ $(swarm_tasks delivery-service | wc -l) == "$2" ]] || return 1
	for id in $(swarm_tasks order-service); do
		docker exec "$id" /usr/bin/order-service --ready || return 1
	done
	for id in $(swarm_tasks delivery-service); do
		docker exec "$id" /usr/bin/delivery-service --ready || return 1
	done
}

# swarm_ports: prints the order-services' ports on this machine, comma separated.
swarm_ports() {
	local id
	for id in $(swarm_tasks order-service); do
		docker port "$id" 8081 | sed -n 's/^0\.0\.0\.0://p'
	done | paste -s -d ,
}

# swarm_check: the history checker in PostgreSQL's place on the network.
swarm_check() {
	local postgres
	postgres=$(swarm_tasks postgres)
	docker run --rm -i --network "container:$postgres" -e WAIT=90 -e ACKS=/dev/stdin \
		-e KAFKA_BOOTSTRAP_SERVERS=kafka:19092 \
		-e DATABASE_URL=postgresql://lab@127.0.0.1:5432/lab \
		"$(compose --profile tools config --images | sort -u | grep -F ordering-lab/tools)" --json
}

# swarm_down: the stack, its data and secrets, and the swarm.
swarm_down() {
	local ids
	docker stack rm "$STACK" >/dev/null 2>&1
	wait_until 60 "the stack is gone" swarm_gone || true
	mapfile -t ids < <(docker volume ls -q --filter "label=com.docker.stack.namespace=$STACK")
	((${#ids[@]} == 0)) || docker volume rm "${ids[@]}" >/dev/null
	"$REPO_DIR/deploy/docker/swarm-secrets.sh" --remove
	docker swarm leave --force >/dev/null
	SWARM_OWN=
}

swarm_gone() {
	[[ -z $(docker ps -a -q --filter "label=com.docker.stack.namespace=$STACK") &&
		-z $(docker network ls -q --filter "label=com.docker.stack.namespace=$STACK") ]]
}
