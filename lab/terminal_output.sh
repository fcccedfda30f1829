# shellcheck shell=bash
# How a lab looks: progress lines, the bar of a wait, tables. To be
# sourced after stack/process.sh.
#
# It prints to stdout only. Colour and the live bar are for a terminal; elsewhere every line is
# plain and final. NO_COLOR (no-color.org) turns the colours off.

PROGRESS_PRINTER=output_progress

OUTPUT_BAR=         # what the bar's line shows now; empty: there is no bar on the screen
OUTPUT_BAR_SECOND=0 # the last second that output_wait printed where there is no live bar
OUTPUT_LIVE=
[[ ! -t 1 || ${TERM:-dumb} == dumb ]] || OUTPUT_LIVE=1

# output_colours: sets the colour variables, all empty where there shall be no colour.
output_colours() {
	BOLD='' DIM='' RED='' GREEN='' PLAIN=''
	[[ -n $OUTPUT_LIVE && -z ${NO_COLOR-} ]] || return 0
	BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m'
}
output_colours
clock_cs
OUTPUT_START_CS=$CLOCK_CS

# output_elapsed: sets ELAPSED to the seconds since the lab began, with one decimal.
output_elapsed() {
	clock_cs
	printf -v ELAPSED '%d.%d' $(((CLOCK_CS - OUTPUT_START_CS) / 100)) \
		$(((CLOCK_CS - OUTPUT_START_CS) % 100 / 10))
}

# output_line TEXT...: a line of its own, above the bar if there is one.
output_line() {
	output_no_bar
	printf '%s\n' "$*"
}

# output_progress TEXT...: a phase of the lab, with the seconds since it began.
output_progress() {
	output_no_bar
	output_elapsed
	printf '%s[%5s s]%s %s\n' "$DIM" "$ELAPSED" "$PLAIN" "$*"
}

# output_step TEXT: the heading of a step.
output_step() {
	local rule
	printf -v rule '%*s' $((90 - ${#1})) ''
	output_line
	output_line "${BOLD}== $1 ${rule// /=}${PLAIN}"
}

# output_bar TEXT DONE TOTAL FIGURES: how far something is. On a terminal a bar that is drawn over
# itself; elsewhere nothing.
output_bar() {
	local text=$1 done=$2 total=$3 width=20 full bar line
	[[ -n $OUTPUT_LIVE ]] || return 0
	full=$((total > 0 && done < total ? width * done / total : width))
	printf -v bar '%*s' "$full" ''
	bar=${bar// /#}
	printf -v line '    %s [%-*s] %s' "$text" "$width" "$bar" "$4"
	OUTPUT_BAR=${line:0:$((${COLUMNS:-100} - 1))}
	printf '\r%s%s%s\e[K' "$DIM" "$OUTPUT_BAR" "$PLAIN"
}

# output_wait TEXT DONE_CS TOTAL_CS: how far a wait is. On a terminal a bar, elsewhere a line every two
# seconds.
output_wait() {
	local text=$1 done_cs=$2 total_cs=$3 figures
	((done_cs < total_cs)) || done_cs=$total_cs
	if [[ -z $OUTPUT_LIVE ]]; then
		((done_cs / 100 >= OUTPUT_BAR_SECOND + 2 && done_cs < total_cs)) || return 0
		OUTPUT_BAR_SECOND=$((done_cs / 100))
		printf '    ... %s: %2d of %d s\n' "$text" "$OUTPUT_BAR_SECOND" $((total_cs / 100))
		return 0
	fi
	printf -v figures '%2d.%d of %d.%d s' $((done_cs / 100)) $((done_cs / 10 % 10)) \
		$((total_cs / 100)) $((total_cs / 10 % 10))
	output_bar "$text" "$done_cs" "$total_cs" "$figures"
}

# output_no_bar: takes the bar off the screen.
output_no_bar() {
	[[ -n $OUTPUT_BAR ]] || return 0
	OUTPUT_BAR=
	printf '\r\e[K'
}

output_wait_over() {
	output_no_bar
	OUTPUT_BAR_SECOND=0
}

# output_verdict GOOD TEXT...: the verdict in green (GOOD is 1) or red (0).
output_verdict() {
	local colour=$GREEN
	(($1)) || colour=$RED
	shift
	output_line "$colour$BOLD$*$PLAIN"
}

# output_paragraph TEXT...: the text in lines of at most 96 characters.
output_paragraph() {
	output_no_bar
	printf '%s\n' "$*" | fold -s -w 96 | sed 's/ *$//'
}

# output_table ROW...: a table in psql's manner. A row is its cells, separated by "|"; a cell's lines
# are separated by "/". The first row is the heading. What is wrong is red, what is right green.
output_table() {
	output_no_bar
	printf '%s\n' "$@" | jq -R -s -r -L "$REPO_DIR/lab" 'include "table";
		split("\n")[:-1] | map(split("|") | map(gsub("/"; "\n"))) | grid_table' |
		output_coloured
}

# output_coloured: prints standard input; what is wrong in it is red, what is right green.
output_coloured() {
	sed -E "s/^(NOT AS PROMISED.*)/$RED$BOLD\1$PLAIN/; s/^(as promised.*)/$GREEN\1$PLAIN/
		s/(NOT as)/$RED\1$PLAIN/"
}
