# shellcheck shell=bash
# The figures of a run. To be sourced after lab/load/machine.sh.
#
# A figure is a row: what was measured in each repetition, what its reference had in the same
# repetitions, and the target. row.jq makes medians, ratio and verdict of it; a file of JSON lines
# ($ROWS) collects the rows.

readonly RESULTS=$REPO_DIR/tests/bench/results
ROWS= # the file

# rows_open: no figures yet.
rows_open() {
	ROWS=$RUN_DIR/rows.jsonl
	: >"$ROWS"
}

# row FIELD=VALUE...: adds a row.
#   case, name       which figure it is
#   unit, better     its unit; more or less is better
#   values           one of each repetition, separated by spaces
#   target, aim      what it must reach, and what it should; may be missing
#   reference        what it is measured against, reference_values, ratio_target: may be missing
#   quoted           what others have published, as text
row() {
	local field arguments=()
	for field; do
		arguments+=(--arg "${field%%=*}" "${field#*=}")
	done
	jq -n -c "${arguments[@]}" --argjson quick "${QUICK:-0}" '$ARGS.named' |
		jq -c -f "$REPO_DIR/tests/bench/row.jq" >>"$ROWS"
}

# rows_json: prints the rows of this run as one object, cases in the order in which they ran.
rows_json() {
	jq -s --arg date "$(date -u +%Y-%m-%dT%H:%MZ)" --arg commit "$MACHINE_COMMIT" \
		--argjson machine "$(machine_json)" '
		reduce .[] as $row ({ machine: $machine, cases: {} };
			.cases[$row.case] |= { date: $date, commit: $commit,
				rows: ((.rows // []) + [$row | del(.case)]) })' "$ROWS"
}

# rows_keep: a file of this run under results/, and its cases in latest.json in place of older ones.
rows_keep() {
	local new=$RUN_DIR/rows.json latest=$RESULTS/latest.json name
	mkdir -p "$RESULTS"
	name=$(date -u +%Y-%m-%d)-$MACHINE_COMMIT${CASE:+-$CASE}.json
	cp "$new" "$RESULTS/$name"
	[[ -e $latest ]] || printf '{}' >"$latest"
	jq -s '.[0] * .[1]' "$latest" "$new" >"$latest.new"
	mv "$latest.new" "$latest"
	say "kept in tests/bench/results/$name and latest.json; make bench-report puts them into docs/benchmarks.md"
}
