# shellcheck shell=bash
# How far everything is, many times a second: operations that order-service has committed, those
# whose event Kafka has acknowledged, and events that delivery-service has applied. To be sourced
# after stack/process.sh and stack/temporary_stack.sh, whose stack it watches.
#
# One session of psql takes a sample every 50 ms, each in one snapshot, so what it says of the three
# belongs together. A gap is told to that precision.

readonly PROGRESS_SQL='
select (extract(epoch from clock_timestamp()) * 1000)::int8, stored, stored - waiting, applied
from (select coalesce(sum(version), 0) as stored from orders.orders) o,
	(select count(*) as waiting from orders.outbox) w,
	(select coalesce(max(id), 0) as applied from delivery.history) h
\watch 0.05'
# The columns of a sample, from 2 on; the first is the time.
# shellcheck disable=SC2034 # for the labs
readonly STORED=2 PUBLISHED=3 APPLIED=4
PROGRESS_FILE=

# progress_open: starts to take samples. The kernel ends psql with this script, however it ends.
progress_open() {
	PROGRESS_FILE=$RUN_DIR/progress.txt
	: >"$PROGRESS_FILE"
	setpriv --pdeathsig KILL psql -X -q -A -t -F ' ' -d "postgresql://lab@127.0.0.1:$PG_PORT/lab" \
		<<<"$PROGRESS_SQL" >"$PROGRESS_FILE" 2>"$RUN_DIR/log/progress.log" &
	disown
}

# progress_now: sets NOW_MS to the wall clock, in ms.
progress_now() {
	NOW_MS=${EPOCHREALTIME/[.,]/}
	NOW_MS=${NOW_MS%???}
}

# progress_at COLUMN MS: prints what the column had at that time.
progress_at() {
	awk -v column="$1" -v at="$2" 'NF == 4 && $1 <= at { value = $column } END { print value + 0 }' \
		"$PROGRESS_FILE"
}

# progress_growth COLUMN FROM_MS TO_MS: prints by how much it has grown in between.
progress_growth() {
	printf '%s' $(($(progress_at "$1" "$3") - $(progress_at "$1" "$2")))
}

# progress_reached COLUMN VALUE: the latest sample has at least that.
progress_reached() {
	tail -n 2 "$PROGRESS_FILE" | awk -v column="$1" -v value="$2" '
		NF == 4 && $column >= value { found = 1 }
		END { exit !found }'
}

# progress_gap COLUMN FROM_MS TO_MS: prints the longest time in between, in ms, in which the column
# did not grow.
progress_gap() {
	awk -v column="$1" -v from="$2" -v to="$3" '
		function grew(at) {
			if (at - since > gap)
				gap = at - since
			since = at
		}
		BEGIN { since = from }
		NF != 4 { next }
		$1 > to { exit }
		$1 >= from && $column > value { grew($1) }
		{ value = $column }
		END { grew(to); print gap + 0 }' "$PROGRESS_FILE"
}

# in_seconds MS: prints it in seconds with one decimal; a gap is never told shorter than it was.
in_seconds() {
	printf '%d.%d s' $((($1 + 99) / 1000)) $((($1 + 99) % 1000 / 100))
}
