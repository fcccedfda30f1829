#!/usr/bin/env bash
# The Debian packages that the project needs: stack/packages.txt is the list, in groups.
#
# usage: stack/packages.sh install [GROUP...]  installs what is missing (default: build run)
#        stack/packages.sh missing [GROUP...]  prints what is missing, one name a line
# Silent when nothing is missing. Otherwise it says what it installs and does so as root, or with
# sudo where that needs no password; else it prints the command to type and exits with 1.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../stack/process.sh"

readonly LIST=$REPO_DIR/stack/packages.txt
readonly CLUSTER_SETTING=/etc/postgresql-common/createcluster.d/zz-private-cluster.conf

# missing_of GROUP...: prints the groups' packages that are not installed.
missing_of() {
	local wanted
	mapfile -t wanted < <(awk -v groups=" $* " 'index(groups, " " $1 " ") { print $2 }' "$LIST")
	# dpkg-query exits with 1 for a package that it has never heard of; the comparison tells.
	comm -23 <(printf '%s\n' "${wanted[@]}" | sort) <(
		dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
			sed -n 's/^installed //p' | sort
	)
}

# require_groups GROUP...: every group has packages, or die.
require_groups() {
	local group
	for group; do
		grep -q "^$group " "$LIST" || die "there is no package group '$group': use" \
			"$(sed '/^#/d; s/ .*//' "$LIST" | uniq | paste -s -d ' ')"
	done
}

# remove_cluster_setting: takes the temporary setting away, and its folder if nothing else is there.
remove_cluster_setting() {
	rm -f "$CLUSTER_SETTING"
	rmdir -p --ignore-fail-on-non-empty "${CLUSTER_SETTING%/*}" 2>/dev/null || true
}

# apt_install PACKAGE...: installs them as root; apt's own output goes to a log that is shown on
# failure. Meanwhile Debian's default for new PostgreSQL servers is not to create and start a cluster
# "main": the project brings its own. Clusters and settings that are there stay as they are.
apt_install() {
	local log status=0
	log=$(mktemp)
	export DEBIAN_FRONTEND=noninteractive
	trap remove_cluster_setting EXIT
	mkdir -p "${CLUSTER_SETTING%/*}"
	printf 'create_main_cluster = false\n' >"$CLUSTER_SETTING"
	{
		apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"
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

command=${1-}
shift || usage
(($# > 0)) || set -- build run
require_groups "$@"
case $command in
install) install "$@" ;;
missing) missing_of "$@" ;;
*) usage ;;
esac
