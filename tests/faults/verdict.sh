# shellcheck shell=bash
# Was anything lost, doubled or put out of order? The history checker says so from the topic and the
# tables, the clients from the answers, and here the services' logs are read. To be sourced after
# tests/faults/nemesis.sh.

readonly DRAIN_SECONDS=120 # until all is quiet after the load

# verdict: judges the run and prints the result; returns 1 if there was a violation.
verdict() {
	local name
	judge_history
	judge_ranges
	judge_operations
	judge_logs
	for name in "${SERVICES[@]}"; do
		keep_metrics "$name"
	done
	show_result
	[[ ! -s $RUN_DIR/log/violations.log ]]
}

# judge_history: the history checker, over the topic, the tables and what was acknowledged. In words
# only if there is something to say.
judge_history() {
	local status=0
	local verify=(env WAIT="$DRAIN_SECONDS" "$BUILD_DIR/verify-history")
	output_progress "the history checker reads the topic and the tables"
	export DATABASE_URL=postgresql://lab@127.0.0.1:$PG_PORT/lab
	"${verify[@]}" --json >"$RUN_DIR/verify.json" 2>"$RUN_DIR/log/verify.log" || status=$?
	case $status in
	0) ;;
	1)
		WAIT=0 "${verify[@]:2}" || true
		violation "the history checker found $(from_verifier .total)," \
			"the first kind: $(from_verifier '.violations[0].kind'); see $RUN_DIR/verify.json"
		;;
	*) violation "no verdict on the history; $(process_last_words "$RUN_DIR/log/verify.log")" ;;
	esac
}

# judge_ranges: all is done, so there is no gap, and nothing past one is remembered.
judge_ranges() {
	local left
	left=$(database 'select count(*) from delivery.position_range') || true
	[[ $left == 0 ]] || violation "ranges of offsets that are left over in position_range: $left"
}

# from_verifier FILTER: prints a value of the history checker's report; "?" without one.
from_verifier() {
	jq -r "$1 // \"?\"" "$RUN_DIR/verify.json" 2>/dev/null || printf '?'
}

# from_clients NAME: prints one of the clients' counts at their end.
from_clients() {
	sed -n "s/^result .*\b$1=\([0-9]*\).*/\1/p" "$RUN_DIR/log/clients.log"
}

# judge_operations: what the clients say of the answers they got. They did every operation once, so
# an order that has more versions than acknowledged operations had one of them done twice.
judge_operations() {
	local sum_sql='select coalesce(sum(version), 0) from orders.orders' stored acknowledged
	local count log=$RUN_DIR/log/clients.log
	count=$(grep -c '^violation ' "$log") || true
	((count == 0)) || violation "answers that must not be: $count, see $log;" \
		"the first: $(sed -n '/^violation /{ s/^violation //p; q }' "$log")"
	acknowledged=$(wc -l <"$ACKS")
	stored=$(database "$sum_sql") || true
	[[ -n $(from_clients acknowledged) ]] ||
		violation "the clients did not end in good order; $(process_last_words "$log")"
	[[ $stored == "$acknowledged" ]] ||
		violation "operations stored: $stored, acknowledged: $acknowledged"
}

# judge_logs: nothing that somebody would have to look after, nothing that a sanitizer says.
judge_logs() {
	local pattern='^[^ ]+ ERROR |(Address|Leak)Sanitizer|runtime error:' found
	found=$(grep -E "$pattern" "$RUN_DIR"/log/{order-service,delivery-}*.log) || return 0
	violation "errors in the services' logs: $(wc -l <<<"$found"), the first:" \
		"$(head -n 1 <<<"$found" | cut -c 1-400)"
}

# log_count TEXT: how often the services' logs have it.
log_count() {
	cat "$RUN_DIR"/log/{order-service,delivery-}*.log | grep -c -F "$1" || true
}

# metric_sum NAME: a counter of all services, also of those that were ended.
metric_sum() {
	awk -v name="$1" '$1 == name { sum += $2 } END { print sum + 0 }' "$RUN_DIR/log/metrics.log"
}

# faults_by_kind: prints their number and that of each kind.
faults_by_kind() {
	awk '$2 !~ /^(healed|stopped|skipped|failed)$/ { count[$2]++; sum++ }
		END {
			printf "%d:", sum
			for (kind in count)
				printf " %s %d", kind, count[kind]
		}' "$RUN_DIR/log/faults.log"
}

# row NAME VALUE: of the result.
row() {
	output_line "$(printf '%-26s %s' "$1" "$2")"
}

# at_most LOG: the highest of the numbers that were taken at the faults.
at_most() {
	printf 'at most at once when looked at: %s' \
		"$(grep -x '[0-9]*' "$RUN_DIR/log/$1.log" | sort -n | tail -n 1)"
}

# show_result: the figures of the run and its verdict.
show_result() {
	local pause line
	pause=$(from_clients longest_pause_ms)
	output_line
	row run "seed $SEED, mode $MODE, order $PROCESSING_ORDER, $DURATION s"
	row faults "$(faults_by_kind)"
	row 'operations acknowledged' "$(from_clients acknowledged)"
	row 'calls made again' "$(from_clients retries)"
	row 'longest pause' "${pause:-?} ms without an acknowledgement"
	row 'Order* events' "$(from_verifier .counts.order_events)"
	row '  repeats on the topic' "$(from_verifier .counts.order_events_repeated)"
	row '  produced again by us' "$(awk '{ n += $1 } END { print n + 0 }' \
		"$RUN_DIR/log/duplicates.log")"
	row '  recognised as repeats' "$(metric_sum delivery_events_duplicate_total)"
	row 'effects' "$(from_verifier .counts.effects)"
	row 'Delivery* events' "$(from_verifier .counts.delivery_events)"
	row '  repeats on the topic' "$(from_verifier .counts.delivery_events_repeated)"
	row 'partitions assigned' "$(log_count 'msg="partition assigned"')"
	row 'fenced writes' "$(log_count 'msg="fenced:')"
	[[ $SEQUENCING == off ]] || row 'events parked' \
		"$(metric_sum delivery_events_parked_total), $(at_most parked)"
	[[ $PROCESSING_ORDER == partition ]] || row 'ranges past gaps' "$(at_most ranges)"
	row 'logs, acknowledgements' "$RUN_DIR/log, $ACKS"
	if [[ ! -s $RUN_DIR/log/violations.log ]]; then
		output_verdict 1 "Nothing lost, nothing doubled, nothing out of order."
		return
	fi
	while read -r line; do
		output_verdict 0 "$line"
	done < <(head -n 20 "$RUN_DIR/log/violations.log")
	output_verdict 0 "$(wc -l <"$RUN_DIR/log/violations.log") violations. To run it again:" \
		"make faults SEED=$SEED DURATION=$DURATION MODE=$MODE PROCESSING_ORDER=$PROCESSING_ORDER"
}
