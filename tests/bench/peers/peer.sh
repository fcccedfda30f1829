#!/usr/bin/env bash
# Fetches and compiles the peers, or runs one; see Peer.java for its settings.
#
# usage: tests/bench/peers/peer.sh build|run
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../../../stack/process.sh"
. "$REPO_DIR/kafka/java.sh"

readonly HOME_DIR=$CACHE_DIR/peers POM=tests/bench/peers/pom.xml CLASSES=$BUILD_DIR/peers

case $* in
build)
	cmp -s "$REPO_DIR/$POM" "$HOME_DIR/pom.xml" || maven_fetch "the peers (20 MB)" "$POM" "$HOME_DIR" libs
	javac -d "$CLASSES" -cp "$HOME_DIR/libs/*" "$REPO_DIR/tests/bench/peers/Peer.java"
	;;
run) exec java -Xmx2g -XX:-UsePerfData -cp "$CLASSES:$HOME_DIR/libs/*" Peer ;;
*) usage ;;
esac
