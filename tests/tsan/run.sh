#!/usr/bin/env bash
# Runs integration tests on the services that are built with ThreadSanitizer, and fails if a test
# fails or the sanitizer reports anything.
#
# usage: tests/tsan/run.sh
# env: FILTER        the tests, as for make test-integration
#      TEST_RUN_DIR  state of the servers under test (.run/test)
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$(realpath "$0")")/../.."

export TEST_RUN_DIR=${TEST_RUN_DIR:-$PWD/.run/test}
reports=$TEST_RUN_DIR/log/tsan
export TSAN_OPTIONS="suppressions=$PWD/tests/tsan/suppressions.txt log_path=$reports history_size=5"
# The tests' own binaries are not instrumented; they start the services that lie beside them.
ln -sfn ../tests build/tsan/tests
for tool in verify-history dead-letters preflight topics; do
	ln -sf "../$tool" "build/tsan/$tool"
done

status=0
TEST_BUILD_DIR=build/tsan tests/run.sh integration || status=1
if compgen -G "$reports.*" >/dev/null; then
	cat "$reports".*
	echo "test-tsan: $(cat "$reports".* | grep -c '^WARNING: ThreadSanitizer') reports" >&2
	status=1
fi
exit "$status"
