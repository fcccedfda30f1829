#!/usr/bin/env bash
# The kept results of the load labs, table and plot, in a Markdown file.
#
# usage: lab/load/report.sh FILE.md    rewrites what stands in it between the lines
#                                      <!-- lab-levelling: begin --> and <!-- lab-levelling: end -->,
#                                      and the same of the other labs of which a result is kept
set -euo pipefail
# shellcheck source=stack/process.sh
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
# shellcheck source=lab/load/table.sh
. "$REPO_DIR/lab/load/table.sh"

[[ $# == 1 && -w $1 ]] || die "usage: lab/load/report.sh FILE.md"
for file in "$REPO_DIR"/lab/load/results/lab-*.md; do
	[[ -r $file ]] || die "no result is kept: make lab-levelling KEEP=1"
	name=${file##*/}
	table_rewrite "$1" "${name%.md}" <"$file"
	say "$1 shows ${file#"$REPO_DIR/"}"
done
