# shellcheck shell=bash
# A replica joins while events flow through eight partitions: how long does a partition that stays
# with its owner stand still? The reference is its longest pause before, when nobody joined.

readonly JOIN_PARTITIONS=8
readonly JOIN_RATE=4000 # events per second of all partitions
JOIN_ORDERS=20000       # with three events each: 15 s

case_join() {
	local i gap=() before=()
	((QUICK == 0)) || JOIN_ORDERS=8000
	for ((i = 1; i <= REPEAT; i++)); do
		join_flow
		show_progress "join: a pause of ${gap[-1]} ms, without a join ${before[-1]} ms"
	done
	row case=join name="longest pause of a partition that stays" unit=ms better=less \
		values="${gap[*]}" target=50 reference="before the join" reference_values="${before[*]}"
}

# join_flow: events flow, and a second replica joins after a third of them. Adds to the caller's gap
# and before.
join_flow() {
	local count=$((JOIN_ORDERS * 3)) joined feeder
	stack_fresh "$JOIN_PARTITIONS"
	stack_delivery 1 DELIVERY_DELAY_MS=0
	bench_await "$DELIVERY_PORT" delivery_partitions "$JOIN_PARTITIONS"
	bench_feed "$JOIN_ORDERS" RATE="$JOIN_RATE" BLOCK=20 &
	feeder=$!
	bench_await "$DELIVERY_PORT" delivery_events_applied_total $((count / 3))
	joined=$AWAIT_US
	stack_delivery 2 DELIVERY_DELAY_MS=0
	wait "$feeder" || exit 1
	stack_check "$count"
	[[ $(stack_sql 'select count(distinct replica) from delivery.history') == 2 ]] ||
		die "the second replica got no partition while events were flowing: nothing was measured"
	before+=("$(join_pause "applied_at < to_timestamp($joined / 1e6)")")
	gap+=("$(join_pause "applied_at >= to_timestamp($joined / 1e6)")")
}

# join_pause CONDITION: prints the longest time in ms between two effects of a partition that had
# one owner throughout.
join_pause() {
	stack_sql "select round(max(pause)::numeric, 1) from (
		select extract(epoch from applied_at - lag(applied_at) over (
			partition by \"partition\" order by id)) * 1000 as pause
		from delivery.history where $1 and \"partition\" in (
			select \"partition\" from delivery.history group by 1
			having count(distinct replica) = 1)) p"
}
