# shellcheck shell=bash
# The compose project under test. To be sourced after tests/compose/engine.sh.

readonly PROJECT=ordering-lab-test
readonly PROJECT_THREE=$PROJECT-three
COMPOSE=() # compose with the project's options

# project_use NAME [OPTION...]: further calls are for this project.
project_use() {
	PROJECT_NAME=$1
	COMPOSE=(docker compose -f "$REPO_DIR/docker-compose.yml" --project-directory "$REPO_DIR"
		--env-file "$RUN_DIR/empty.env" "${@:2}" -p "$1")
	: >"$RUN_DIR/empty.env"
}

# compose ARGUMENT...: compose for the project, its progress in the log.
compose() { "${COMPOSE[@]}" "$@" 2>>"$RUN_DIR/log/compose.log"; }

# up ARGUMENT...: docker compose up -d --wait; dies with the reason. Sets UP_MS to how long it took.
up() {
	local begin log=$RUN_DIR/log/up.log
	clock_cs
	begin=$CLOCK_CS
	"${COMPOSE[@]}" up -d --wait "$@" >"$log" 2>&1 || {
		tail -n 30 "$log" >&2
		"${COMPOSE[@]}" ps -a >&2
		die "docker compose up failed (its last lines are above)"
	}
	clock_cs
	UP_MS=$(((CLOCK_CS - begin) * 10))
}

# project_build: our images, after those they are made from. One after the other, so that the
# builder without BuildKit does not build the common stage three times.
project_build() {
	local log=$RUN_DIR/log/build.log images service
	project_use "$PROJECT"
	mapfile -t images < <(compose --profile three-brokers --profile monitoring config --images |
		grep -v '^ordering-lab/' | sort -u)
	images_prepare "${images[@]}"
	output_progress "building the project's images"
	: >"$log"
	for service in migrate order-service delivery-service verify; do
		DOCKER_BUILDKIT=$(project_buildkit) "${COMPOSE[@]}" --profile tools build "$service" \
			>>"$log" 2>&1 || die "$service was not built; $(process_last_words "$log")"
	done
}

# project_buildkit: prints 1 if the engine's builder is to be had.
project_buildkit() {
	if docker buildx version >/dev/null 2>&1; then printf 1; else printf 0; fi
}

# containers SERVICE...: prints the ids of their containers, a line each, by number.
containers() {
	local service
	for service; do
		docker ps -a --no-trunc --filter "label=com.docker.compose.project=$PROJECT_NAME" \
			--filter "label=com.docker.compose.service=$service" \
			--format '{{.Label "com.docker.compose.container-number"}} {{.ID}}' |
			sort -n | cut -d ' ' -f 2
	done
}

# health SERVICE: prints what the health check says of its first container.
health() { docker inspect -f '{{.State.Health.Status}}' "$(containers "$1" | sed -n 1p)"; }

# health_is SERVICE STATUS
health_is() { [[ $(health "$1") == "$2" ]]; }

# sql STATEMENT: prints the answer, bare.
sql() { compose exec -T postgres psql -X -q -A -t -U lab -v ON_ERROR_STOP=1 -c "$1"; }

place() {
	curl -f -s -S --max-time 10 --json '{"customerId":"2000","productId":"100",
		"productName":"RADIO","qty":"3","address":"PUSAN"}' "http://127.0.0.1:$ORDER_PORT/orders"
}

# delivery_port INDEX: prints the port on this machine that the replica has been given.
delivery_port() {
	local address
	address=$(compose port --index "$1" delivery-service 8082)
	printf '%s' "${address##*:}"
}

# partitions_each N COUNT: each of N replicas has that many partitions.
partitions_each() {
	local number metrics
	for ((number = 1; number <= $1; number++)); do
		metrics=$(curl -f -s --max-time 2 \
			"http://127.0.0.1:$(delivery_port "$number")/metrics") || return 1
		[[ $metrics == *$'\n'"delivery_partitions $2"$'\n'* ]] || return 1
	done
}

# project_down NAME: nothing of it is left, the data neither.
project_down() {
	project_use "$1" --profile '*'
	compose down -v --remove-orphans -t 5
}

project_down_all() {
	docker info >/dev/null 2>&1 || return 0
	project_down "$PROJECT"
	project_down "$PROJECT_THREE"
}
