# shellcheck shell=bash
# The step images: what is in our images, and what their containers may do. To be sourced after
# tests/compose/project.sh. It begins with its own data and leaves the project down, as every step.

readonly SIZE_MAX_BYTES=100000000
readonly STOP_MAX_MS=1000
readonly OWN_SERVICES=(order-service delivery-service)

step_images() {
	local service
	output_step "images: what is in them, what their containers may do"
	"$REPO_DIR/deploy/docker/images.sh" >"$RUN_DIR/images.md"
	cat "$RUN_DIR/images.md"
	project_use "$PROJECT"
	up
	output_progress "all is up and healthy after $UP_MS ms"
	for service in order-service delivery-service tools; do
		expect "$service: less than 100 MB, not root, nothing to work with but itself" \
			image_is_bare "ordering-lab/$service:"
	done
	for service in "${OWN_SERVICES[@]}"; do
		expect "$service: read-only, no capabilities, no new privileges" is_contained "$service"
		expect "$service: the version in its label is its own" label_is_true "$service"
	done
	expect "no password is in an environment, a command, an image or a log" no_password_shows
	for service in "${OWN_SERVICES[@]}"; do
		expect "$service: stops within a second, with exit status 0" stops_soon "$service"
		output_progress "it took $(cat "$RUN_DIR/stop_ms") ms"
	done
	up
	expect "health: without Kafka order-service is not healthy, and takes orders" without_kafka
	project_down "$PROJECT"
}

# image_is_bare IMAGE: by the row of deploy/docker/images.sh: read-only, no capabilities, shells, tools,
# setuid files, and a user; and its size.
image_is_bare() {
	local image row='^\| [^|]+ \| [0-9.]+ MB \| [1-9][0-9]*:[1-9][0-9]* \| read-only \| none '
	row+='\| none \| none \| none \| [1-9][0-9]* \|$'
	image=$(compose --profile tools config --images | sort -u | grep -F "$1")
	grep -F "| ${image%:*} " "$RUN_DIR/images.md" | grep -q -E "$row" &&
		(($(docker image inspect -f '{{.Size}}' "$image") < SIZE_MAX_BYTES))
}

# is_contained SERVICE: as the engine runs it; where its processes can be seen, by the kernel, too.
is_contained() {
	local id status
	id=$(containers "$1" | sed -n 1p)
	[[ $(docker inspect -f '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}
		{{- .HostConfig.SecurityOpt}}' "$id") == 'true [ALL][no-new-privileges:true]' ]]
	[[ -n $ENGINE_OWN ]] || return 0
	status=/proc/$(docker inspect -f '{{.State.Pid}}' "$id")/status
	[[ $(awk '/^Cap(Prm|Eff|Bnd):/ { sum = sum $2 } END { print sum }' "$status") =~ ^0+$ ]]
	grep -q -x $'NoNewPrivs:\t1' "$status"
}

# label_is_true SERVICE
label_is_true() {
	local id
	id=$(containers "$1" | sed -n 1p)
	[[ $(docker exec "$id" "/usr/bin/$1" --version) == "$1 $(docker inspect \
		-f '{{index .Config.Labels "org.opencontainers.image.version"}}' "$id")" ]]
}

# no_password_shows: none of the three is where anybody may look.
no_password_shows() {
	local passwords ids
	passwords=$(compose exec -T postgres bash -c 'for file in /run/secrets/*.password; do
		cat "$file"; echo; done')
	[[ $(grep -c -x '[0-9a-f]\{32\}' <<<"$passwords") == 3 ]]
	mapfile -t ids < <(compose ps -a -q)
	{
		docker inspect "${ids[@]}"
		compose logs
		docker image ls --format '{{.ID}}' --filter 'reference=ordering-lab/*' |
			xargs -n 1 docker history --no-trunc
	} >"$RUN_DIR/shown.txt"
	[[ -s $RUN_DIR/shown.txt ]] && ! grep -F -f <(printf '%s\n' "$passwords") "$RUN_DIR/shown.txt"
}

# without_kafka: and all is healthy again with it.
without_kafka() {
	compose stop -t 5 kafka
	wait_until 30 "order-service is unhealthy" health_is order-service unhealthy
	curl -f -s --max-time 5 -o /dev/null "http://127.0.0.1:$ORDER_PORT/healthz"
	place | jq -e .id >/dev/null
	compose start kafka
	wait_until 60 "order-service is healthy" health_is order-service healthy
}

# stops_soon SERVICE
stops_soon() {
	local id begin
	id=$(containers "$1" | sed -n 1p)
	clock_cs
	begin=$CLOCK_CS
	docker stop "$id" >/dev/null
	clock_cs
	printf '%s' $(((CLOCK_CS - begin) * 10)) >"$RUN_DIR/stop_ms"
	(((CLOCK_CS - begin) * 10 < STOP_MAX_MS)) &&
		[[ $(docker inspect -f '{{.State.ExitCode}}' "$id") == 0 ]]
}
