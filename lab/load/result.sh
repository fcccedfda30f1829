# shellcheck shell=bash
# What a lab has found: a table, what it promised, and what the figures do not say. To be sourced by
# lab/load/load.sh.
#
# The parts are collected in $RUN_DIR as they come (lines of JSON), so a lab that is interrupted
# has what it has measured by then. result_close makes of them result.json, table.txt and plot.svg,
# and with KEEP=1 also lab/load/results/$LAB.{json,svg,md}.

readonly RESULTS_KEPT=$REPO_DIR/lab/load/results

# result_open: nothing yet.
result_open() {
	: >"$RUN_DIR/columns.jsonl"
	: >"$RUN_DIR/rows.jsonl"
	: >"$RUN_DIR/promises.jsonl"
	: >"$RUN_DIR/notes.jsonl"
}

# result_columns KEY=HEADING...: the table's columns, from left to right.
result_columns() {
	local column
	for column; do
		jq -n -c --arg key "${column%%=*}" --arg heading "${column#*=}" '{ $key, $heading }'
	done >"$RUN_DIR/columns.jsonl"
}

# result_row KEY=VALUE...: a row of the table, values as they shall be read; keys without a column
# are only in result.json.
result_row() {
	local value arguments=()
	for value; do
		arguments+=(--arg "${value%%=*}" "${value#*=}")
	done
	jq -n -c "${arguments[@]}" '$ARGS.named' >>"$RUN_DIR/rows.jsonl"
}

# grouped NUMBER: prints a whole number as 300,000.
grouped() {
	sed ':next; s/\([0-9]\)\([0-9]\{3\}\)\($\|,\)/\1,\2\3/; t next' <<<"$1"
}

# milliseconds NUMBER: prints it with the digits that matter.
milliseconds() {
	awk -v ms="$1" 'BEGIN { printf (ms < 10 ? "%.1f ms" : "%.0f ms"), ms }'
}

# holds EXPRESSION: prints 1 if the numbers, decimals too, are so, else 0.
holds() {
	awk "BEGIN { print (($1) ? 1 : 0) }"
}

# result_promise MET TEXT...: something that the lab promised did (1) or did not (0) happen.
result_promise() {
	local met=$1
	shift
	jq -n -c --argjson met "$met" --arg text "$*" '{ met: ($met == 1), $text }' \
		>>"$RUN_DIR/promises.jsonl"
}

# result_note TEXT...: what a reader must know about the figures: what was scaled down, what they do
# not show.
result_note() {
	jq -n -c --arg text "$*" '$text' >>"$RUN_DIR/notes.jsonl"
}

# result_cells: prints the table of result.json, cells separated by tabs.
result_cells() {
	jq -r '(.columns | map(.key)) as $keys
		| (.columns | map(.heading)), (.rows[] | . as $row | $keys | map($row[.] // "")) | @tsv' \
		"$RUN_DIR/result.json"
}

# result_text: prints what table.txt has.
result_text() {
	result_cells | table_text
	printf '\n'
	jq -r '.promises[] | (if .met then "as promised:  " else "NOT AS PROMISED: " end) + .text' \
		"$RUN_DIR/result.json"
	jq -r '.notes[]' "$RUN_DIR/result.json" | fold -s -w 96 | sed 's/ *$//'
}

# result_markdown: prints what the README shall have.
result_markdown() {
	jq -r '"`make \(.lab)` on \(.machine.cores) cores (\(.machine.cpu)), everything on them, load " +
		"generators included; commit \(.commit)."' "$RUN_DIR/result.json"
	printf '\n'
	result_cells | table_markdown
	printf '\n![%s](lab/load/results/%s.svg)\n\n' "$(jq -r .title "$RUN_DIR/result.json")" "$LAB"
	jq -r '.promises[] | "- " + (if .met then "" else "**not** " end) + "as promised: " + .text' \
		"$RUN_DIR/result.json"
	jq -r '.notes[] | "- " + .' "$RUN_DIR/result.json"
}

# result_json TITLE: prints all of it as one object.
result_json() {
	jq -n --arg lab "$LAB" --arg title "$1" --arg scale "$SCALE" --arg commit "$MACHINE_COMMIT" \
		--arg date "$(date -u +%Y-%m-%dT%H:%MZ)" --argjson machine "$(machine_json)" \
		--slurpfile columns "$RUN_DIR/columns.jsonl" --slurpfile rows "$RUN_DIR/rows.jsonl" \
		--slurpfile promises "$RUN_DIR/promises.jsonl" --slurpfile notes "$RUN_DIR/notes.jsonl" \
		'{ $lab, $title, $scale, $date, $commit, $machine, $columns, $rows, $promises, $notes }'
}

# result_plot TITLE: draws $RUN_DIR/plot.svg by lab/load/<lab>.gp from the series in $RUN_DIR.
result_plot() {
	local script=$REPO_DIR/lab/load/${LAB#lab-}.gp
	gnuplot -e "data='$RUN_DIR'; output='$RUN_DIR/plot.svg'; heading='$1'" \
		"$REPO_DIR/lab/load/style.gp" "$script" 2>"$RUN_DIR/log/gnuplot.log" ||
		die "gnuplot could not draw the plot; $(process_last_words "$RUN_DIR/log/gnuplot.log")"
}

# result_close TITLE: the end of a lab: table, verdict and plot; returns 1 if something that was
# promised did not happen.
result_close() {
	local met=1
	result_json "$1" >"$RUN_DIR/result.json"
	result_text >"$RUN_DIR/table.txt"
	result_plot "$1"
	output_step Result
	say
	sed "/^NOT AS PROMISED/ s/.*/$RED$BOLD&$PLAIN/; /^as promised/ s/.*/$GREEN&$PLAIN/" \
		"$RUN_DIR/table.txt"
	say
	say "table, plot and all figures: $RUN_DIR/{table.txt,plot.svg,result.json,*.tsv}"
	((KEEP == 0)) || result_keep
	jq -e '.promises | all(.met)' "$RUN_DIR/result.json" >/dev/null || met=0
	RESULT_CLOSED=1
	((met)) || output_verdict 0 "NOT everything happened that the lab promises."
	((met))
}

# result_keep: under lab/load/results/, for the README.
result_keep() {
	mkdir -p "$RESULTS_KEPT"
	cp "$RUN_DIR/result.json" "$RESULTS_KEPT/$LAB.json"
	cp "$RUN_DIR/plot.svg" "$RESULTS_KEPT/$LAB.svg"
	result_markdown >"$RESULTS_KEPT/$LAB.md"
	say "kept in lab/load/results; make lab-report puts it into the README"
}

# result_partial: where the figures are of a lab that did not come to its end.
result_partial() {
	[[ -z $RESULT_CLOSED ]] || return 0
	result_json "not finished" >"$RUN_DIR/result.json"
	result_text >"$RUN_DIR/table.txt"
	output_line "not finished; the figures so far: $RUN_DIR/{table.txt,result.json,*.tsv}"
}
RESULT_CLOSED= # the lab came to its end
