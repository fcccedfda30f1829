# shellcheck shell=bash
# The images that docker-compose.yml names but does not build. To be sourced after
# ci/engine.sh.
#
# An image that is there is used, else it is pulled; where no registry answers, a stand-in is built
# under the same name, from Debian's packages and the pinned jars of Kafka. A run with stand-ins
# tests the compose file and the services, not the official images; it says so. Of Grafana there is
# no stand-in: IMAGE_MISSING names it.

readonly IMAGE_BASE=debian:bookworm-slim
IMAGE_STAND_INS=()
IMAGE_MISSING=()
IMAGE_NO_REGISTRY= # the first pull has failed: do not wait for others

# images_prepare IMAGE...: each is there, the base of our own images too.
images_prepare() {
	local image
	for image in "$IMAGE_BASE" "$@"; do
		! docker image inspect "$image" >/dev/null 2>&1 || continue
		image_pull "$image" || image_stand_in "$image"
	done
	((${#IMAGE_MISSING[@]} == 0)) || say "left out, for there is no stand-in: ${IMAGE_MISSING[*]}"
	((${#IMAGE_STAND_INS[@]} == 0)) ||
		say "no registry answers. STAND-INS, not the official images: ${IMAGE_STAND_INS[*]}"
}

# image_pull IMAGE: returns 1 if it cannot be had.
image_pull() {
	[[ -z $IMAGE_NO_REGISTRY ]] || return 1
	say "pulling $1"
	timeout 300 docker pull -q "$1" >"$RUN_DIR/log/pull.log" 2>&1 && return 0
	IMAGE_NO_REGISTRY=1
	return 1
}

# image_stand_in IMAGE: builds one under the same name.
image_stand_in() {
	local log=$RUN_DIR/log/stand-in-${1%%[:/]*}.log
	if [[ $1 == grafana/* ]]; then
		IMAGE_MISSING+=("$1")
		return
	fi
	IMAGE_STAND_INS+=("$1")
	say "building a stand-in for $1"
	case $1 in
	"$IMAGE_BASE") image_debian ;;
	apache/kafka:*) image_kafka "$1" ;;
	prom/prometheus:*) image_prometheus "$1" ;;
	postgres:*) image_build "$1" "$REPO_DIR/ci/postgres" ;;
	*) die "no registry answers, and there is no stand-in for $1" ;;
	esac >"$log" 2>&1 || die "the stand-in for $1 was not built; $(process_last_words "$log")"
}

# image_build IMAGE FOLDER
image_build() { DOCKER_BUILDKIT=0 docker build -q -t "$1" "$2"; }

image_debian() {
	mmdebstrap --variant=minbase --quiet --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' bookworm - "$(engine_mirror)" |
		docker import - "$IMAGE_BASE"
}

# image_kafka IMAGE: with the jars that make up uses; the version must be that of the image.
image_kafka() {
	local dir=$RUN_DIR/kafka-image
	[[ ${1#*:} == "$(kafka_version)" ]] ||
		die "docker-compose.yml has Kafka ${1#*:}, kafka/pom.xml $(kafka_version)"
	kafka_fetch
	rm -rf "$dir"
	cp -r "$REPO_DIR/ci/kafka" "$dir"
	cp -r "$KAFKA_HOME/libs" "$REPO_DIR/kafka/log4j2.properties" "$dir/"
	image_build "$1" "$dir"
	rm -rf "$dir"
}

# image_prometheus IMAGE: with Debian's programs.
image_prometheus() {
	local dir=$RUN_DIR/prometheus-image bin
	bin=$("$REPO_DIR/deploy/monitoring/fetch.sh" prometheus)
	rm -rf "$dir"
	cp -r "$REPO_DIR/ci/prometheus" "$dir"
	cp "$bin"/{prometheus,promtool} "$dir/"
	image_build "$1" "$dir"
	rm -rf "$dir"
}
