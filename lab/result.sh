# shellcheck shell=bash
# From what was measured to a table, a plot and a page, for the labs and the benchmarks. To be
# sourced after stack/process.sh.
#
# A result is one JSON object, lab/result.jq says of which form; there is no other way from figures
# to a table. What a run itself writes does not count as a change of the sources.
#
#   result_machine                 looks at the sources and at the machine, before the run begins
#   result_stamp                   prints date, commit and machine as JSON
#   result_print FORM FILE.json    prints the result by a function of lab/result.jq
#   result_plot SCRIPT TITLE DATA OUTPUT [SETTING...]   draws OUTPUT (SVG) from the folder DATA
#   result_publish PAGE NAME       standard input becomes what stands in the page between the lines
#                                  <!-- NAME: begin --> and <!-- NAME: end -->

RESULT_COMMIT= # which state of the sources is measured
RESULT_LOAD=   # of the machine before the run

result_machine() {
	local changes
	RESULT_COMMIT=$(git -C "$REPO_DIR" rev-parse --short=7 HEAD 2>/dev/null) ||
		RESULT_COMMIT=unknown
	changes=$(git -C "$REPO_DIR" status --porcelain --untracked-files=no -- . ':!docs' \
		':!tests/bench/results' ':!lab/results' 2>/dev/null) || true
	RESULT_COMMIT+=${changes:+-changed}
	read -r RESULT_LOAD _ </proc/loadavg
	awk -v load="$RESULT_LOAD" -v cores="$(nproc)" 'BEGIN { exit load > cores / 2 }' ||
		say "The machine is busy (load $RESULT_LOAD): the figures will be worse than they could be."
}

result_stamp() {
	jq -n --arg commit "$RESULT_COMMIT" --arg date "$(date -u +%Y-%m-%dT%H:%MZ)" \
		--arg cpu "$(sed -n '/^model name/ { s/.*: //p; q }' /proc/cpuinfo)" \
		--argjson cores "$(nproc)" --arg kernel "$(uname -sr)" \
		--argjson memory_mb "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" \
		--argjson load_before "$RESULT_LOAD" '{ $date, $commit,
			machine: { $cpu, $cores, $memory_mb, $kernel, $load_before } }'
}

result_print() { jq -r -L "$REPO_DIR/lab" "include \"result\"; $1" "$2"; }

result_plot() {
	local log=$RUN_DIR/log/gnuplot.log
	run_dir_prepare
	gnuplot -e "data='$3'; output='$4'; heading='$2'; ${5-}" \
		"$REPO_DIR/lab/plots/style.gp" "$1" 2>"$log" ||
		die "gnuplot could not draw $4; $(process_last_words "$log")"
}

result_publish() {
	local page=$REPO_DIR/$1
	local -x FIRST="<!-- $2: begin -->" LAST="<!-- $2: end -->" TEXT
	[[ -r $page && $(grep -c -x -F -e "$FIRST" -e "$LAST" "$page") == 2 ]] ||
		die "$1 has no two lines $FIRST and $LAST: put them where the table shall be"
	TEXT=$(cat)
	awk '
		$0 == ENVIRON["LAST"] { inside = 0 }
		!inside
		$0 == ENVIRON["FIRST"] { inside = 1; print ENVIRON["TEXT"] }' "$page" >"$page.new"
	cat "$page.new" >"$page"
	rm "$page.new"
	say "$1 shows the result $2"
}
