#!/usr/bin/env bash
# What the project's images are made of and how their containers run, read off the images and off
# the compose file: the table in docs/operations.md.
#
# usage: deploy/docker/images.sh [SERVICE...]   (order-service delivery-service page verify)
#        deploy/docker/images.sh --packages SERVICE   the Debian packages in its image
# The images must have been built: docker compose --profile tools build
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/../.."

readonly STATUS=var/lib/dpkg/status.d

# die TEXT...: one line to stderr; exit 1.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

image_of() { jq -r --arg service "$1" '.services[$service].image' <<<"$COMPOSE"; }

# unpack SERVICE FOLDER: lists the files of its image as FOLDER/list, and copies the records of the
# packages to FOLDER/$STATUS.
unpack() {
	local container
	container=$(docker create "$(image_of "$1")")
	docker export "$container" >"$2/image.tar"
	docker rm "$container" >/dev/null
	tar -tvf "$2/image.tar" >"$2/list"
	tar -xf "$2/image.tar" -C "$2" "$STATUS"
	rm "$2/image.tar"
}

# packages FOLDER: prints the packages and their versions.
packages() {
	local file
	for file in "$1/$STATUS"/*; do
		awk '/^Package:/ { name = $2 } /^Version:/ { version = $2 }
			END { print name, version }' "$file"
	done
}

# found FOLDER PATTERN: prints the names of the files in the image whose path matches, or "none".
found() {
	awk '{ print $6 }' "$1/list" | grep -E "$2" | sed 's:.*/::' | sort -u | paste -s -d ' ' |
		grep . || printf 'none\n'
}

# row SERVICE: a row of the table.
row() {
	local dir=$TEMP/$1 image
	mkdir "$dir"
	image=$(image_of "$1")
	docker image inspect "$image" >/dev/null ||
		die "there is no image $image: docker compose --profile tools build"
	unpack "$1" "$dir"
	jq -r -f deploy/docker/images.jq --arg service "$1" \
		--argjson size "$(docker image inspect -f '{{.Size}}' "$image")" \
		--arg user "$(docker image inspect -f '{{.Config.User}}' "$image")" \
		--arg shells "$(found "$dir" '/(ba|da|a|z)?sh$|/busybox$')" \
		--arg tools "$(found "$dir" '/(apt|apt-get|dpkg|apk|curl|wget)$')" \
		--arg setuid "$(grep -c '^-..[sS]\|^-.....[sS]' "$dir/list" | sed 's/^0$/none/')" \
		--arg packages "$(packages "$dir" | wc -l)" <<<"$COMPOSE"
}

command -v jq >/dev/null || die "jq is missing: run stack/packages.sh install"
COMPOSE=$(docker compose --profile '*' config --format json)
TEMP=$(mktemp -d)
trap 'rm -rf "$TEMP"' EXIT
if [[ ${1-} == --packages ]]; then
	unpack "${2:?usage: deploy/docker/images.sh --packages SERVICE}" "$TEMP"
	packages "$TEMP"
	exit
fi
(($# > 0)) || set -- order-service delivery-service page verify
echo '| image | size | user | root file system | capabilities | shells | tools | setuid files |' \
	'Debian packages |'
echo '|---|---|---|---|---|---|---|---|---|'
for service; do
	row "$service"
done
