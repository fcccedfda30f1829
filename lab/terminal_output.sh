# shellcheck shell=bash
# How a lab looks: progress lines, calls, lines of the topic, the bar of a wait, tables. To be
# sourced after stack/process.sh.
#
# It prints to stdout only. Colour and the live bar are for a terminal; elsewhere every line is
# plain and final. NO_COLOR (no-color.org) turns the colours off.

SHOW_BAR=           # what the bar's line shows now; empty: there is no bar on the screen
SHOW_BAR_SECOND=0   # the last second that show_wait printed where there is no live bar
SHOW_LIVE=
[[ ! -t 1 || ${TERM:-dumb} == dumb ]] || SHOW_LIVE=1

# show_colours: sets the colour variables, all empty where there shall be no colour.
show_colours() {
	BOLD='' DIM='' RED='' GREEN='' YELLOW='' CYAN='' PLAIN=''
	[[ -n $SHOW_LIVE && -z ${NO_COLOR-} ]] || return 0
	BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' YELLOW=$'\e[33m' CYAN=$'\e[36m'
	PLAIN=$'\e[0m'
}
show_colours
clock_cs
SHOW_START_CS=$CLOCK_CS

# show_elapsed: sets ELAPSED to the seconds since the lab began, with one decimal.
show_elapsed() {
	clock_cs
	printf -v ELAPSED '%d.%d' $(((CLOCK_CS - SHOW_START_CS) / 100)) \
		$(((CLOCK_CS - SHOW_START_CS) % 100 / 10))
}

# show_line TEXT...: a line of its own, above the bar if there is one.
show_line() {
	show_no_bar
	printf '%s\n' "$*"
}

# show_progress TEXT...: a phase of the lab, with the seconds since it began.
show_progress() {
	show_no_bar
	show_elapsed
	printf '%s[%5s s]%s %s\n' "$DIM" "$ELAPSED" "$PLAIN" "$*"
}

# show_step TEXT: the heading of a step.
show_step() {
	local rule
	printf -v rule '%*s' $((90 - ${#1})) ''
	show_line
	show_line "${BOLD}== $1 ${rule// /=}${PLAIN}"
}

# show_call COMMAND...: a command, as the user would type it, after an empty line.
show_call() {
	local argument name line='' plain='^[A-Za-z0-9_.,:/=@%+-]+$'
	for argument; do
		name=''
		[[ ! $argument =~ ^[A-Z]+= ]] || name=${BASH_REMATCH[0]}
		argument=${argument#"$name"}
		[[ $argument =~ $plain ]] || argument="'$argument'"
		line+=" $name$argument"
	done
	show_line
	show_line "${BOLD}\$$line${PLAIN}"
}

# show_event TOPIC PARTITION OFFSET KEY TYPE ORDER VERSION: a message of the topic.
show_event() {
	local colour=$CYAN line
	[[ $5 == Order* ]] || colour=$YELLOW
	printf -v line '%s | partition %s | offset %3s | key %-3s | %-17s | order %s, version %s' \
		"$@"
	show_line "    $colour$line$PLAIN"
}

# show_bar TEXT DONE TOTAL FIGURES: how far something is. On a terminal a bar that is drawn over
# itself; elsewhere nothing.
show_bar() {
	local text=$1 done=$2 total=$3 width=20 full bar line
	[[ -n $SHOW_LIVE ]] || return 0
	full=$((total > 0 && done < total ? width * done / total : width))
	printf -v bar '%*s' "$full" ''
	bar=${bar// /#}
	printf -v line '    %s [%-*s] %s' "$text" "$width" "$bar" "$4"
	SHOW_BAR=${line:0:$((${COLUMNS:-100} - 1))}
	printf '\r%s%s%s\e[K' "$DIM" "$SHOW_BAR" "$PLAIN"
}

# show_wait TEXT DONE_CS TOTAL_CS: how far a wait is. On a terminal a bar, elsewhere a line every two
# seconds.
show_wait() {
	local text=$1 done_cs=$2 total_cs=$3 figures
	((done_cs < total_cs)) || done_cs=$total_cs
	if [[ -z $SHOW_LIVE ]]; then
		((done_cs / 100 >= SHOW_BAR_SECOND + 2 && done_cs < total_cs)) || return 0
		SHOW_BAR_SECOND=$((done_cs / 100))
		printf '    ... %s: %2d of %d s\n' "$text" "$SHOW_BAR_SECOND" $((total_cs / 100))
		return 0
	fi
	printf -v figures '%2d.%d of %d.%d s' $((done_cs / 100)) $((done_cs / 10 % 10)) \
		$((total_cs / 100)) $((total_cs / 10 % 10))
	show_bar "$text" "$done_cs" "$total_cs" "$figures"
}

# show_no_bar: takes the bar off the screen.
show_no_bar() {
	[[ -n $SHOW_BAR ]] || return 0
	SHOW_BAR=
	printf '\r\e[K'
}

# show_wait_over: the next wait begins anew.
show_wait_over() {
	show_no_bar
	SHOW_BAR_SECOND=0
}

# show_verdict GOOD TEXT...: the verdict in green (GOOD is 1) or red (0).
show_verdict() {
	local colour=$GREEN
	(($1)) || colour=$RED
	shift
	show_line "$colour$BOLD$*$PLAIN"
}

# show_paragraph TEXT...: the text in lines of at most 96 characters.
show_paragraph() {
	show_no_bar
	printf '%s\n' "$*" | fold -s -w 96 | sed 's/ *$//'
}

# show_table WIDTHS ROW...: a table in psql's manner. WIDTHS: one number a column. A row is its
# cells, separated by "|"; a cell's lines are separated by "/". The first row is the heading.
show_table() {
	local widths number text rule=''
	read -r -a widths <<<"$1"
	for number in "${widths[@]}"; do
		printf -v text '%*s' $((number + 2)) ''
		rule+="+${text// /-}"
	done
	show_row "$1" "$2"
	for text in "${@:3}"; do
		show_line "${rule#+}"
		show_row "$1" "$text"
	done
}

# show_row WIDTHS ROW: a row of a table, in as many lines as its highest cell has.
show_row() {
	local widths cells lines line column text padded more=1
	read -r -a widths <<<"$1"
	IFS='|' read -r -a cells <<<"$2"
	for ((line = 0; more; line++)); do
		text='' more=0
		for column in "${!widths[@]}"; do
			IFS='/' read -r -a lines <<<"${cells[column]-}"
			((line + 1 >= ${#lines[@]})) || more=1
			printf -v padded ' %-*s ' "${widths[column]}" "${lines[line]-}"
			((column + 1 < ${#widths[@]})) || padded=${lines[line]:+ ${lines[line]}}
			text+="|$(show_cell "${cells[column]-}" "$padded")"
		done
		show_line "${text#|}"
	done
}

# show_cell CELL TEXT: prints the text, a part of the cell, in the cell's colour: what is wrong in
# red, a verdict that is right in green.
show_cell() {
	case $1 in
	*NOT* | *missing*) printf '%s%s%s' "$RED" "$2" "$PLAIN" ;;
	*'as the lab says'*) printf '%s%s%s' "$GREEN" "$2" "$PLAIN" ;;
	*) printf '%s' "$2" ;;
	esac
}
