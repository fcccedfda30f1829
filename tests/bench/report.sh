#!/usr/bin/env bash
# Results for a reader: a table on the terminal, or the table and the plot in a Markdown file.
#
# usage: tests/bench/report.sh FILE.json    prints the table
#        tests/bench/report.sh FILE.md      FILE.md in docs/: rewrites what stands between the lines
#                                           <!-- bench: begin --> and <!-- bench: end -->, and the
#                                           plot beside latest.json
# env: RESULT  what goes into FILE.md (tests/bench/results/latest.json)
set -euo pipefail
# shellcheck source=stack/process.sh
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
# shellcheck source=lab/load/table.sh
. "$REPO_DIR/lab/load/table.sh"

readonly HERE=$REPO_DIR/tests/bench
readonly PLOT=tests/bench/results/latest.svg
RESULT=${RESULT:-$HERE/results/latest.json}

# usage: the usage lines of this file, to stderr; exit 2.
usage() {
	sed -n '4,7s/^# //p' "$0" >&2
	exit 2
}

# cells FILE.json: prints the table's cells, separated by tabs, its heading first.
cells() {
	jq -r -f "$HERE/report.jq" "$1"
}

# table FILE.json: prints it with aligned columns; what is not met in capitals.
table() {
	cells "$1" | sed 's/\tno$/\tNOT MET/' | table_text
}

# markdown FILE.json: prints what belongs between the marks.
markdown() {
	jq -r '"Measured on \(.machine.cores) cores (\(.machine.cpu)), \(.machine.memory_mb) MB, everything " +
		"on the same machine, load generators included; medians; commit " +
		([.cases[].commit] | unique | join(", ")) + ". `make bench` measures it again."' "$1"
	printf '\n'
	cells "$1" | sed 's/\tno$/\t**no**/' | table_markdown
	printf '\n![orders and events per second, each beside its reference](../%s)\n' "$PLOT"
}

# plot FILE.json: draws $PLOT.
plot() {
	local data growth=0 status=0
	data=$(mktemp -d)
	jq -r -f "$HERE/plot.jq" "$1" >"$data/rates.dat"
	jq -r '.cases.growth.rows // [] | .[] | select(.rows_before)
		| [(.rows_before | tonumber) / 1e6, .value / 1e3] | @tsv' "$1" >"$data/growth.dat"
	[[ ! -s $data/growth.dat ]] || growth=1
	gnuplot -e "data='$data'; growth=$growth; output='$REPO_DIR/$PLOT.new'" "$HERE/plot.gp" ||
		status=$?
	rm -rf "$data"
	((status == 0)) || die "gnuplot could not draw $PLOT"
	mv "$REPO_DIR/$PLOT.new" "$REPO_DIR/$PLOT"
}

[[ $# == 1 && -r $1 ]] || usage
require_command jq
case $1 in
*.json) table "$1" ;;
*.md)
	[[ -r $RESULT ]] || die "$RESULT is not there: make bench"
	require_command gnuplot
	plot "$RESULT"
	markdown "$RESULT" | table_rewrite "$1" bench
	say "$1 and $PLOT show ${RESULT#"$REPO_DIR/"}"
	;;
*) usage ;;
esac
