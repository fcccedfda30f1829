#!/usr/bin/env bash
# Fetches the tools that the monitoring needs, once, to $CACHE_DIR, and prints where they are.
#
# usage: deploy/monitoring/fetch.sh agent | prometheus
#   agent       the Java agent that makes Prometheus text of Kafka's JMX beans, as
#               deploy/monitoring/pom.xml pins it: prints the path of the jar
#   prometheus  promtool and prometheus: prints the folder they are in. Those that are installed, or
#               those of Debian's package, unpacked: installing it would start a server
# env: CACHE_DIR  see stack/process.sh
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
. "$REPO_DIR/kafka/java.sh"

prometheus() {
	local home=$CACHE_DIR/prometheus new=$CACHE_DIR/prometheus.new log=$CACHE_DIR/fetch.log
	local installed
	installed=$(command -v promtool) || installed=
	if [[ -n $installed && -x ${installed%/*}/prometheus ]]; then
		say "${installed%/*}"
		return
	fi
	if [[ ! -d $home ]]; then
		say "fetching Debian's package prometheus (19 MB), once ..." >&2
		rm -rf "$new"
		mkdir -p "$new"
		(cd "$new" && apt-get download -qq prometheus) >"$log" 2>&1 ||
			die "the package prometheus could not be fetched: try apt-get update;" \
				"$(process_last_words "$log")"
		dpkg-deb -x "$new"/prometheus_*.deb "$new"
		rm "$new"/prometheus_*.deb
		mv "$new" "$home"
	fi
	say "$home/usr/bin"
}

agent() {
	local home=$CACHE_DIR/jmx-exporter
	cmp -s "$REPO_DIR/deploy/monitoring/pom.xml" "$home/pom.xml" ||
		maven_fetch "the JMX exporter" deploy/monitoring/pom.xml "$home" . \
			-Dmdep.stripVersion=true -DexcludeTransitive=true
	say "$home/jmx_prometheus_javaagent.jar"
}

case ${1-} in
agent | prometheus) "$1" ;;
*) usage ;;
esac
