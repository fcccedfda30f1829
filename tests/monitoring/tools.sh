# shellcheck shell=bash
# The tools that the monitoring's checks need, fetched once to $CACHE_DIR. To be sourced after
# common/process.sh.
#
# promtool_fetch sets PROMETHEUS_BIN to the folder with promtool and prometheus: those that are
# installed, or those of Debian's package, unpacked: installing it would start a server.
# jmx_agent_fetch sets JMX_AGENT to the Java agent's jar, as monitoring/pom.xml pins it.

# promtool_fetch: see above.
promtool_fetch() {
	local new=$CACHE_DIR/prometheus.new
	PROMETHEUS_BIN=$(dirname "$(command -v promtool)")
	[[ ! -x $PROMETHEUS_BIN/promtool || ! -x $PROMETHEUS_BIN/prometheus ]] || return 0
	PROMETHEUS_BIN=$CACHE_DIR/prometheus/usr/bin
	[[ ! -x $PROMETHEUS_BIN/promtool ]] || return 0
	say "fetching Debian's package prometheus, once (19 MB) ..."
	rm -rf "$new"
	mkdir -p "$new/deb"
	(cd "$new/deb" && apt-get download -qq prometheus) >"$CACHE_DIR/fetch.log" 2>&1 ||
		die "the package prometheus could not be fetched: try apt-get update;" \
			"$(process_last_words "$CACHE_DIR/fetch.log")"
	dpkg-deb -x "$new"/deb/prometheus_*.deb "$new"
	rm -rf "$new/deb" "$CACHE_DIR/prometheus"
	mv "$new" "$CACHE_DIR/prometheus"
}

# jmx_agent_fetch: see above.
jmx_agent_fetch() {
	local home=$CACHE_DIR/jmx-exporter new=$CACHE_DIR/jmx-exporter.new log=$CACHE_DIR/fetch.log
	# shellcheck disable=SC2034 # for the scripts
	JMX_AGENT=$home/jmx_prometheus_javaagent.jar
	! cmp -s "$REPO_DIR/monitoring/pom.xml" "$home/pom.xml" || return 0
	require_command mvn java
	say "fetching the JMX exporter from Maven Central, once ..."
	rm -rf "$new"
	mkdir -p "$new" "$CACHE_DIR/tmp"
	MAVEN_OPTS="${MAVEN_OPTS-} -XX:-UsePerfData -Djava.io.tmpdir=$CACHE_DIR/tmp" \
		mvn -B -q -f "$REPO_DIR/monitoring/pom.xml" \
		org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies \
		-Dstyle.color=never -Dmaven.repo.local="$CACHE_DIR/maven" -DoutputDirectory="$new" \
		-Dmdep.stripVersion=true -DexcludeTransitive=true </dev/null >"$log" 2>&1 ||
		die "the JMX exporter could not be fetched: check the network, then try again;" \
			"see $log: $(grep -m 1 -o '\[ERROR\].*' "$log" | cut -c 1-300)"
	cp "$REPO_DIR/monitoring/pom.xml" "$new/pom.xml"
	rm -rf "$home" "$CACHE_DIR/tmp"
	mv "$new" "$home"
}
