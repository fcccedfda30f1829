#!/usr/bin/env bash
# Fetches the tools that the monitoring needs, once, to $CACHE_DIR, and prints where they are.
#
# usage: deploy/monitoring/fetch.sh agent | prometheus
#   agent       the Java agent that makes Prometheus text of Kafka's JMX beans, as deploy/monitoring/pom.xml
#               pins it: prints the path of the jar
#   prometheus  promtool and prometheus: prints the folder they are in. Those that are installed, or
#               those of Debian's package, unpacked: installing it would start a server
# env: CACHE_DIR  see stack/process.sh
set -euo pipefail
# shellcheck source=stack/process.sh
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"

readonly LOG=$CACHE_DIR/fetch.log

# usage: the usage lines of this file, to stderr; exit 2.
usage() {
	sed -n '4,8s/^# //p' "$0" >&2
	exit 2
}

# begin WHAT FOLDER: says that WHAT is fetched, and makes an empty FOLDER beside the final one.
begin() {
	say "fetching $1, once ..." >&2
	rm -rf "$2"
	mkdir -p "$2"
}

# fetch_prometheus: see the usage above.
fetch_prometheus() {
	local home=$CACHE_DIR/prometheus new=$CACHE_DIR/prometheus.new installed
	installed=$(command -v promtool) || installed=
	if [[ -n $installed && -x ${installed%/*}/prometheus ]]; then
		printf '%s\n' "${installed%/*}"
		return
	fi
	if [[ ! -d $home ]]; then
		begin "Debian's package prometheus (19 MB)" "$new"
		(cd "$new" && apt-get download -qq prometheus) >"$LOG" 2>&1 ||
			die "the package prometheus could not be fetched: try apt-get update;" \
				"$(process_last_words "$LOG")"
		dpkg-deb -x "$new"/prometheus_*.deb "$new"
		rm "$new"/prometheus_*.deb
		mv "$new" "$home"
	fi
	printf '%s\n' "$home/usr/bin"
}

# fetch_agent: see the usage above. Maven's own repository and temporary files stay in $CACHE_DIR.
fetch_agent() {
	local home=$CACHE_DIR/jmx-exporter new=$CACHE_DIR/jmx-exporter.new
	if ! cmp -s "$REPO_DIR/deploy/monitoring/pom.xml" "$home/pom.xml"; then
		require_command mvn java
		begin "the JMX exporter from Maven Central" "$new"
		mkdir -p "$CACHE_DIR/tmp"
		MAVEN_OPTS="${MAVEN_OPTS-} -XX:-UsePerfData -Djava.io.tmpdir=$CACHE_DIR/tmp" \
			mvn -B -q -f "$REPO_DIR/deploy/monitoring/pom.xml" \
			org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies \
			-Dstyle.color=never -Dmaven.repo.local="$CACHE_DIR/maven" -DoutputDirectory="$new" \
			-Dmdep.stripVersion=true -DexcludeTransitive=true </dev/null >"$LOG" 2>&1 ||
			die "the JMX exporter could not be fetched: check the network, then try again;" \
				"see $LOG: $(grep -m 1 -o '\[ERROR\].*' "$LOG" | cut -c 1-300)"
		cp "$REPO_DIR/deploy/monitoring/pom.xml" "$new/pom.xml"
		rm -rf "$home" "$CACHE_DIR/tmp"
		mv "$new" "$home"
	fi
	printf '%s\n' "$home/jmx_prometheus_javaagent.jar"
}

case ${1-} in
agent) fetch_agent ;;
prometheus) fetch_prometheus ;;
*) usage ;;
esac
