#!/usr/bin/env bash
# The Debian packages that the project needs: this is the only list, each with its reason.
#
# usage: stack/packages.sh install [GROUP...]  installs what is missing (default: build run)
#        stack/packages.sh missing [GROUP...]  prints what is missing, one name a line
# groups: build, run, lint, check, load, bench, compose, fuzz
# Silent when nothing is missing. Otherwise it says what it installs and does so as root, or with
# sudo where that needs no password; else it prints the command to type and exits with 1.
set -euo pipefail

# group  package  reason
readonly PACKAGES='
build    gcc                        the compiler
build    libc6-dev                  C headers; gcc only recommends them
build    make                       the build
build    pkg-config                 finds the libraries
build    librdkafka-dev             Kafka client
build    libpq-dev                  PostgreSQL client
build    libcivetweb-dev            HTTP server
build    libjansson-dev             JSON
build    uthash-dev                 hash tables
build    libcurl4-openssl-dev       HTTP client, for DISPATCH=http and the tests
build    libevent-dev               HTTP client of the load generator
build    libcriterion-dev           test framework
run      postgresql-15              server of the private cluster, psql and pgbench
run      openjdk-17-jre-headless    runs Kafka
run      maven                      fetches the pinned Kafka from Maven Central
run      httpie                     the calls of the lab, as a user types them
run      kcat                       shows the topic
run      jq                         puts the topic into columns
run      curl                       asks whether a service is ready
lint     clang-format               make format
lint     cppcheck                   make lint
lint     shellcheck                 make lint, for the scripts
check    python3-venv               make check-kubernetes: kubernetes-validate, from PyPI
bench    wrk                        make bench: the load of the order path
bench    hey                        make bench: 6,000 keep-alive clients
load     gnuplot-nox                the plots of the load labs and of make bench-report
compose  docker.io                  make test-compose: an engine of its own, where none runs
compose  iptables                   networks of the engine
compose  mmdebstrap                 make test-compose: the base image, where no registry answers
fuzz     clang                      make fuzz: libFuzzer
fuzz     libclang-rt-14-dev         its runtime
'

readonly CLUSTER_SETTING=/etc/postgresql-common/createcluster.d/zz-private-cluster.conf

# die TEXT...: one line to stderr; exit 1.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# usage: the first lines of this file, to stderr; exit 2.
usage() {
	sed -n '4,6s/^# //p' "$0" >&2
	exit 2
}

# packages_of GROUP...: prints the groups' packages, one a line.
packages_of() {
	awk -v groups=" $* " 'NF && index(groups, " " $1 " ") { print $2 }' <<<"$PACKAGES"
}

# missing_of GROUP...: prints the groups' packages that are not installed.
missing_of() {
	local wanted
	mapfile -t wanted < <(packages_of "$@")
	# dpkg-query exits with 1 for a package that it has never heard of; the comparison tells.
	comm -23 <(printf '%s\n' "${wanted[@]}" | LC_ALL=C sort) <(
		dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
			sed -n 's/^installed //p' | LC_ALL=C sort
	)
}

# check_groups GROUP...: every group has packages, or die.
check_groups() {
	local group
	for group; do
		[[ $group =~ ^(build|run|lint|check|load|bench|compose|fuzz)$ ]] ||
			die "there is no package group '$group': use build, run, lint, check, load," \
			"bench, compose, fuzz"
	done
}

# without_main_cluster COMMAND...: runs the command while Debian's default for new PostgreSQL
# servers is not to create and start a cluster "main": the project brings its own. A setting of the
# machine's owner stays as it is, and so does every cluster that is there already.
without_main_cluster() {
	local status=0
	trap remove_cluster_setting EXIT
	mkdir -p "${CLUSTER_SETTING%/*}"
	printf 'create_main_cluster = false\n' >"$CLUSTER_SETTING"
	"$@" || status=$?
	remove_cluster_setting
	trap - EXIT
	return "$status"
}

# remove_cluster_setting: takes the temporary setting away, and its folder if nothing else is there.
remove_cluster_setting() {
	rm -f "$CLUSTER_SETTING"
	rmdir -p --ignore-fail-on-non-empty "${CLUSTER_SETTING%/*}" 2>/dev/null || true
}

# apt_install PACKAGE...: installs them as root; apt's own output goes to a log that is shown on
# failure.
apt_install() {
	local log status=0
	log=$(mktemp)
	export DEBIAN_FRONTEND=noninteractive
	{
		apt-get update -qq &&
			without_main_cluster apt-get install -y -qq --no-install-recommends "$@"
	} </dev/null >"$log" 2>&1 || status=$?
	((status == 0)) || tail -n 20 "$log" >&2
	rm -f "$log"
	((status == 0)) || die "apt-get could not install: $* (its last lines are above)"
}

# install GROUP...: installs what is missing of the groups.
install() {
	local missing self
	mapfile -t missing < <(missing_of "$@")
	((${#missing[@]} > 0)) || return 0
	self=$(realpath "$0")
	if ((EUID == 0)); then
		printf 'installing Debian packages: %s\n' "${missing[*]}"
		apt_install "${missing[@]}"
	elif sudo -n true 2>/dev/null; then
		sudo -n "$self" install "$@"
	else
		die "missing Debian packages: ${missing[*]}; type: sudo $self install $*"
	fi
}

main() {
	local command=${1-}
	shift || usage
	(($# > 0)) || set -- build run
	check_groups "$@"
	case $command in
	install) install "$@" ;;
	missing) missing_of "$@" ;;
	*) usage ;;
	esac
}

main "$@"
