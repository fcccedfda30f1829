# shellcheck shell=bash
# The jars of the pinned Kafka and the Java that runs them. To be sourced after stack/process.sh.
#
# kafka_fetch gets the jars once; kafka_java sets KAFKA_JAVA to the command line that everything of
# Kafka starts with. The options are for a quick start and a small process: C1 compiler only, serial
# collector, and an archive of the loaded classes (AppCDS) that the broker leaves behind when it
# stops for the first time; it halves the start-up time. Java ignores an archive that does not fit.

# Kafka's version, from the one place where it is pinned.
kafka_version() {
	sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$REPO_DIR/kafka/pom.xml"
}

KAFKA_HOME=$CACHE_DIR/kafka-$(kafka_version)

# kafka_fetched: the jars of this very pom.xml are there.
kafka_fetched() { cmp -s "$REPO_DIR/kafka/pom.xml" "$KAFKA_HOME/pom.xml"; }

# kafka_fetch: downloads the jars unless they are there. Several at the same time wait for the first.
kafka_fetch() {
	local lock
	! kafka_fetched || return 0
	cache_dir_prepare
	exec {lock}>"$CACHE_DIR/.fetch.lock"
	flock "$lock"
	kafka_fetched ||
		maven_fetch "Apache Kafka $(kafka_version) (45 MB)" kafka/pom.xml "$KAFKA_HOME" libs
	exec {lock}>&-
}

# cache_dir_prepare: $CACHE_DIR is there and can be written, or die.
cache_dir_prepare() {
	mkdir -p "$CACHE_DIR" 2>/dev/null || true
	[[ -w $CACHE_DIR ]] ||
		die "$CACHE_DIR cannot be written by $(id -un):" \
			"remove it as its owner, or set CACHE_DIR=..."
}

# maven_fetch WHAT POM FOLDER SUBFOLDER [OPTION...]: the jars that the POM names are in
# FOLDER/SUBFOLDER, the POM is in FOLDER. All or nothing: Maven copies them into a folder beside it,
# which then gets its name. Maven's own repository and temporary files stay under $CACHE_DIR, so
# nothing in the home changes.
maven_fetch() {
	local what=$1 pom=$REPO_DIR/$2 home=$3 new=$3.new log=$CACHE_DIR/fetch.log
	require_command mvn java
	cache_dir_prepare
	say "fetching $what from Maven Central, once ..." >&2
	rm -rf "$new"
	mkdir -p "$new/$4" "$CACHE_DIR/tmp"
	MAVEN_OPTS="${MAVEN_OPTS-} -XX:-UsePerfData -Djava.io.tmpdir=$CACHE_DIR/tmp" \
		mvn -B -q -f "$pom" \
		org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies "${@:5}" \
		-Dstyle.color=never -Dmaven.repo.local="$CACHE_DIR/maven" -DoutputDirectory="$new/$4" \
		</dev/null >"$log" 2>&1 ||
		die "$what could not be fetched: check the network, then try again; see $log:" \
			"$(grep -m 1 -o '\[ERROR\].*' "$log" | cut -c 1-300)"
	cp "$pom" "$new/pom.xml"
	rm -rf "$home" "$CACHE_DIR/tmp"
	mv "$new" "$home"
}

# kafka_archive: prints the path of the class archive. Its name tells the Java and the place it was
# made for, so that a new Java or a moved clone gets a new one.
kafka_archive() {
	local java
	java=$(realpath "$(command -v java)")
	printf '%s/classes-%s.jsa' "$KAFKA_HOME" "$(stat -c '%n %s %Y' "$java" \
		"${java%/bin/java}/lib/modules" "$KAFKA_HOME/libs" | sha256sum | cut -c 1-16)"
}

# kafka_java: sets KAFKA_JAVA; options of the caller may follow it, then the class and its
# arguments. Temporary files go to $RUN_DIR/tmp.
kafka_java() {
	local jars=("$KAFKA_HOME/libs/"*.jar)
	mkdir -p "$RUN_DIR/tmp"
	KAFKA_ARCHIVE=$(kafka_archive)
	KAFKA_JAVA=(java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData
		-Djava.io.tmpdir="$RUN_DIR/tmp" -Dlog4j2.disable.jmx=true
		-Dlog4j2.configurationFile="$REPO_DIR/kafka/log4j2.properties"
		-cp "$(IFS=:; printf '%s' "${jars[*]}")")
	[[ ! -r $KAFKA_ARCHIVE ]] ||
		KAFKA_JAVA+=(-XX:SharedArchiveFile="$KAFKA_ARCHIVE" -Xshare:auto -Xlog:cds=off)
}
