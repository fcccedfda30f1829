# shellcheck shell=bash
# A replica joins while events flow through eight partitions: how long does a partition that stays
# with its owner stand still? The reference is its longest pause before, when nobody joined.

readonly JOIN_PARTITIONS=8
readonly JOIN_RATE=1000 # events per second of all partitions, of each every 8 ms
readonly JOIN_CALM=3    # seconds before the join that are the reference
JOIN_ORDERS=5000        # with three events each: 15 s; the broker is warm after half of them

case_join() {
	local i gap=() before=()
	((QUICK == 0)) || JOIN_ORDERS=3500
	for ((i = 1; i <= REPEAT; i++)); do
		join_flow
		output_progress "join: a pause of ${gap[-1]} ms, without a join ${before[-1]} ms"
	done
	row case=join name="longest pause of a partition that stays" unit=ms better=less \
		values="${gap[*]}" target=50 reference="before the join" reference_values="${before[*]}"
}

# join_flow: events flow, and a second replica joins after half of them. Adds to the caller's gap
# and before.
join_flow() {
	local count=$((JOIN_ORDERS * 3)) joined over feeder
	stack_fresh "$JOIN_PARTITIONS"
	stack_delivery 1 DELIVERY_DELAY_MS=0
	bench_await "$DELIVERY_PORT" delivery_partitions "$JOIN_PARTITIONS"
	bench_feed "$JOIN_ORDERS" RATE="$JOIN_RATE" BLOCK=1000 PARTITIONS="$JOIN_PARTITIONS" &
	feeder=$!
	bench_await "$DELIVERY_PORT" delivery_events_applied_total $((count / 2))
	joined=$AWAIT_US
	stack_delivery 2 DELIVERY_DELAY_MS=0
	wait "$feeder" || exit 1
	stack_check "$count"
	[[ $(stack_sql 'select count(distinct replica) from delivery.history') == 2 ]] ||
		die "the second replica got no partition while events were flowing: nothing was measured"
	over=$(join_over)
	before+=("$(join_pause $((joined - JOIN_CALM * 1000000)) "$joined")")
	gap+=("$(join_pause "$joined" "$over")")
}

# join_over: prints when it is over: half a second after all that changed hands flows again.
join_over() {
	stack_sql 'select (extract(epoch from max(first)) * 1000000)::int8 + 500000 from (
		select min(applied_at) as first from delivery.history
		where replica <> (select replica from delivery.history order by id limit 1)
		group by "partition") moved'
}

# join_pause FROM_US TO_US: prints the longest time in ms between two effects of a partition that had
# one owner throughout, the second of them in that time.
join_pause() {
	stack_sql "select round(max(pause)::numeric, 1) from (
		select extract(epoch from applied_at - lag(applied_at) over (
			partition by \"partition\" order by id)) * 1000 as pause, applied_at
		from delivery.history where \"partition\" in (
			select \"partition\" from delivery.history group by 1
			having count(distinct replica) = 1)) p
		where applied_at >= to_timestamp($1 / 1e6) and applied_at < to_timestamp($2 / 1e6)"
}
