#!/usr/bin/env bash
# What the processors do, second by second, until this ends by a signal: of which part, in percent
# of all processors together.
#
# usage: lab/load/sample.sh FILE
#   writes lines of: seconds since the start, all, order-services, delivery-services, PostgreSQL,
#   Kafka, and the load generators of the script that started this; separated by tabs
# env: RUN_DIR  the stack whose processes are looked at
set -euo pipefail
# shellcheck source=stack/process.sh
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"

[[ $# == 1 ]] || die "usage: lab/load/sample.sh FILE"

# parts: prints the pid of each part of the stack and which part it is, a line each.
parts() {
	local file name
	for file in "$RUN_DIR"/pid/*; do
		name=${file##*/}
		case $name in
		order-service*) name=2 ;;
		delivery-*) name=3 ;;
		postgres) name=4 ;;
		kafka-*) name=5 ;;
		*) continue ;;
		esac
		printf 'part %s %s\n' "$(cut -d ' ' -f 1 "$file")" "$name"
	done
}

# ticks: prints what the processors have done since the machine started, in ticks: what there was to
# do it in, and the six columns. PostgreSQL's work is that of the postmaster's children; those that
# have ended are in its own figures.
ticks() {
	{
		parts
		cat /proc/stat
		cat /proc/[0-9]*/stat 2>/dev/null || true
	} | awk -v lab="$PPID" '
		$1 == "part" { part[$2] = $3; next }
		$1 == "cpu" {
			for (i = 2; i <= 9; i++)
				all += $i
			done[1] = all - $5 - $6
		}
		match($0, /\) [A-Za-z] /) {
			pid = $1
			name = substr($0, index($0, "("), RSTART - index($0, "(") + 1)
			split(substr($0, RSTART + 2), field, " ")
			own = field[12] + field[13]
			if (pid in part)
				done[part[pid]] += own + (part[pid] == 4 ? field[14] + field[15] : 0)
			else if (field[2] in part)
				done[part[field[2]]] += own
			else if (name == "(load)" && field[2] == lab)
				done[6] += own
		}
		END { print all, done[1], done[2] + 0, done[3] + 0, done[4] + 0, done[5] + 0, done[6] + 0 }'
}

# sample BEFORE NOW SECONDS: prints a line, from the ticks of two moments. A part of which a process
# has ended in between has done less than before: 0.
sample() {
	awk -v seconds="$3" '
		NR == 1 { split($0, before, " "); next }
		{
			printf "%s", seconds
			for (i = 2; i <= 7; i++) {
				done = $i - before[i]
				printf "\t%.1f", (done > 0 ? done * 100 / ($1 - before[1]) : 0)
			}
			printf "\n"
		}' <<<"$1"$'\n'"$2"
}

printf 'second\tall\torder\tdelivery\tpostgres\tkafka\tload\n' >"$1"
clock_cs
start_cs=$CLOCK_CS
before=$(ticks)
while true; do
	sleep 1
	now=$(ticks)
	clock_cs
	sample "$before" "$now" "$(((CLOCK_CS - start_cs) / 100)).$(((CLOCK_CS - start_cs) / 10 % 10))" >>"$1"
	before=$now
done
