#!/usr/bin/env bash
# Puts the kept results of the load labs, table and plot, into docs/labs/load.md, each between its
# marks. This is what `make lab-report` runs.
#
# usage: lab/report.sh    (no arguments)
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../stack/process.sh"
. "$REPO_DIR/lab/result.sh"

(($# == 0)) || usage
require_command jq
for file in "$REPO_DIR"/lab/results/lab-*.json; do
	[[ -r $file ]] || die "no result is kept: make lab-levelling KEEP=1"
	name=$(basename "$file" .json)
	result_print "markdown(\"../../lab/results/$name.svg\")" "$file" |
		result_publish docs/labs/load.md "$name"
done
