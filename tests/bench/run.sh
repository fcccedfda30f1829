#!/usr/bin/env bash
# The benchmarks: a temporary stack, case by case, each figure beside a reference measured in the
# same run on the same machine. This is what `make bench` runs; build/tests/bench measures.
#
# usage: tests/bench/run.sh           measures
#        tests/bench/run.sh report    the kept results, table and plot, into docs/benchmarks.md
# env: CASE    only this one: orders, relay, backlog, key, clients, steady, visible, start, join, or
#              growth, partitions, scale, takeover, peers, tls, which are not in the default run
#      QUICK   1: less work and one repetition, in under three minutes; a look, nothing is kept
#      REPEAT  repetitions, of which the median counts (3)
#      the ports and RUN_DIR as stack/stack.sh; BUILD_DIR (build); settings of the services that no
#      case sets itself
# Exit status: 0 measured, targets met or not; 1 it could not be measured, or the history checker
# found something wrong.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
. "$REPO_DIR/lab/result.sh"

readonly HERE=$REPO_DIR/tests/bench
readonly LATEST=$HERE/results/latest.json
readonly FILES_MIN=13000 # open files: hey with 6,000 clients, and order-service

settings() {
	: "${QUICK:=0}"
	require_number QUICK 0 1
	: "${REPEAT:=$((QUICK ? 1 : 3))}"
	require_number REPEAT 1 100
	export QUICK REPEAT
	[[ -z ${SANITIZE-} ]] || die "a sanitized build is no build to measure: unset SANITIZE"
	require_programs order-service delivery-service verify-history load \
		tests/bench{,-feed,-await,-bare,-visible}
	require_command wrk hey pgbench jq
	require_open_files "$FILES_MIN"
}

# as_result FIGURES.json: prints them in the form of lab/result.jq.
as_result() { jq -L "$REPO_DIR/lab" -f "$HERE/report.jq" "$1"; }

# measure: see the usage above.
measure() {
	local dir=$RUN_DIR/bench
	settings
	# A broker with the lab's 128 MB does little but collect garbage with 1,000 partitions.
	[[ ${CASE-} != partitions ]] || export KAFKA_HEAP_MB=${KAFKA_HEAP_MB:-512}
	result_machine
	"$REPO_DIR/stack/temporary_stack.sh" run bench "$BUILD_DIR/tests/bench"
	jq -R -s --argjson stamp "$(result_stamp)" --argjson quick "$QUICK" \
		--slurpfile figures "$HERE/figures.json" -f "$HERE/figures.jq" \
		"$dir/measured.tsv" >"$dir/figures.json"
	as_result "$dir/figures.json" >"$dir/result.json"
	say ""
	result_print text "$dir/result.json"
	say ""
	if ((QUICK)); then
		say "A quick look with less work: no verdict on the targets, nothing is kept."
		return
	fi
	mkdir -p "$HERE/results"
	[[ -e $LATEST ]] || printf '{}' >"$LATEST"
	jq -s '.[0] * .[1]' "$LATEST" "$dir/figures.json" >"$LATEST.new"
	mv "$LATEST.new" "$LATEST"
	say "kept in tests/bench/results/latest.json; make bench-report puts it into docs/benchmarks.md"
}

# report: see the usage above.
report() {
	local data growth=0 plot=tests/bench/results/latest.svg
	[[ -r $LATEST ]] || die "$LATEST is not there: make bench"
	require_command jq gnuplot
	data=$(mktemp -d)
	trap 'rm -rf "$data"' RETURN
	jq -r -f "$HERE/plot.jq" "$LATEST" >"$data/rates.dat"
	jq -r '.cases.growth.rows // [] | .[] | select(.rows_before)
		| [(.rows_before | tonumber) / 1e6, .value / 1e3] | @tsv' "$LATEST" >"$data/growth.dat"
	[[ ! -s $data/growth.dat ]] || growth=1
	as_result "$LATEST" >"$data/result.json"
	result_plot "$HERE/plot.gp" "" "$data" "$REPO_DIR/$plot" "growth=$growth"
	result_print "markdown(\"../$plot\")" "$data/result.json" |
		result_publish docs/benchmarks.md bench
}

case $* in
'') measure ;;
report) report ;;
*) usage ;;
esac
