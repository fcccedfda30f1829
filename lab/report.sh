# shellcheck shell=bash
# What became of an order, and whether that is what the lab says. To be sourced after
# stack/process.sh, lab/terminal_output.sh and stack/topic_tail.sh.
#
# The report is made of the topic (stack/topic_tail.sh), delivery.history in the order of its ids, and the row of
# delivery_table; never what the lab itself did.

# report_sql SQL: prints the answer, bare: a row a line, columns separated by "|".
report_sql() {
	"$REPO_DIR/sql/cluster.sh" psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"
}

# report_of ORDER: sets PUBLISHED (Order* events on the topic by version), APPLIED (the same by
# delivery.history), ANNOUNCED (Delivery* events on the topic by offset), STATUS (delivery_table),
# and for the two events that race: M_PARTITION, M_REPLICA, M_WORK_S (from its receipt until it was
# applied), M_APPLIED_CS, and the same with C_. Words are separated by blanks.
report_of() {
	local event partition replica work_s applied_cs name rows
	PUBLISHED=$(topic_tail_published "$1")
	ANNOUNCED=$(topic_tail_announced "$1")
	STATUS=$(report_sql "select status from public.delivery_table where order_id = $1")
	APPLIED=
	for name in M C; do
		printf -v "${name}_PARTITION" '?'
		printf -v "${name}_REPLICA" '?'
		printf -v "${name}_WORK_S" '?'
		printf -v "${name}_APPLIED_CS" '0'
	done
	rows=$(report_sql "select event, \"partition\", replica,
		round(extract(epoch from applied_at - received_at), 1),
		round(extract(epoch from applied_at) * 100)
		from delivery.history where order_id = $1 order by id")
	while IFS='|' read -r event partition replica work_s applied_cs; do
		[[ -n $event ]] || continue
		APPLIED+=" ${event#Order}"
		case $event in
		OrderModified) name=M ;;
		OrderCancelled) name=C ;;
		*) continue ;;
		esac
		printf -v "${name}_PARTITION" '%s' "$partition"
		printf -v "${name}_REPLICA" '%s' "$replica"
		printf -v "${name}_WORK_S" '%s' "$work_s"
		printf -v "${name}_APPLIED_CS" '%s' "$applied_cs"
	done <<<"$rows"
	APPLIED=${APPLIED# }
}

# report_agrees EXPECTED_APPLIED: what was found is what the lab says: all three events on
# the topic, applied in the expected order, announced in that order, and the row says the last one.
report_agrees() {
	local announced=${1/Placed/Started}
	[[ $PUBLISHED == 'Placed Modified Cancelled' && $APPLIED == "$1" &&
		$ANNOUNCED == "$announced" && $STATUS == "$(report_status "$1")" ]]
}

# report_status EXPECTED_APPLIED: prints the status that a row has after these events.
report_status() {
	local last=${1##* }
	printf 'DELIVERY %s' "${last^^}"
}

# report_why: prints, in two sentences, which partition and which replica took the two events that
# race.
report_why() {
	local gap_cs=$((M_APPLIED_CS - C_APPLIED_CS)) gap when=earlier
	if [[ $M_PARTITION == '?' || $C_PARTITION == '?' ]]; then
		printf 'delivery.history does not have both OrderModified and OrderCancelled.'
	elif [[ $M_PARTITION == "$C_PARTITION" && $M_REPLICA == "$C_REPLICA" ]]; then
		printf 'OrderModified and OrderCancelled were both in partition %s, and %s ' \
			"$M_PARTITION" "$M_REPLICA"
		printf 'took them one by one. It worked on OrderModified for %s s; ' "$M_WORK_S"
		printf 'OrderCancelled, received meanwhile, was applied after %s s.' "$C_WORK_S"
	else
		((gap_cs > 0)) || when=later
		printf -v gap '%d.%d s' $((${gap_cs#-} / 100)) $((${gap_cs#-} / 10 % 10))
		printf 'OrderModified was in partition %s, and %s worked on it for %s s. ' \
			"$M_PARTITION" "$M_REPLICA" "$M_WORK_S"
		printf 'OrderCancelled was in partition %s, and %s applied it %s %s.' \
			"$C_PARTITION" "$C_REPLICA" "$gap" "$when"
	fi
}
