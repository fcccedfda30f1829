-- What became of an order, and whether that is what the lab says. Variables: order, and expected: the
-- names of the events in the order in which they should be applied. Standard input: the topic's
-- messages (stack/topic_tail.sh).
--
-- The report is made of the topic, delivery.history in the order of its ids, and the row of
-- delivery_table; never of what the lab itself did. Its row: as expected (1 or 0); Order* events on
-- the topic, by version; the same by delivery.history; Delivery* events on the topic, by offset (those
-- outside the first one's partition, where offsets prove nothing, with theirs); the status; and in two
-- sentences, which partition and which replica took the two events that race.
\set QUIET 1
create temp table topic ("partition" int, "offset" int8, key text, type text, order_id text,
	version text);
\copy topic from pstdin
create temp view published as
	select string_agg(substr(type, 6), ' ' order by version::int) as events from topic
	where order_id = :'order' and type like 'Order%';
create temp view announced as
	select string_agg(substr(type, 9) || case when "partition" = first then ''
			else '@' || "partition" end, ' ' order by "partition", "offset") as events
	from (select *, min("partition") over () as first from topic
		where order_id = :'order' and type like 'Delivery%') t;
create temp view applied as
	select string_agg(substr(event, 6), ' ' order by id) as events from delivery.history
	where order_id = :order;
create temp view race as
	select event, "partition", replica, applied_at,
		round(extract(epoch from applied_at - received_at), 1) as work_s
	from delivery.history where order_id = :order;
create temp view why as
	select case when m."partition" = c."partition" and m.replica = c.replica then
			format('OrderModified and OrderCancelled were both in partition %s, and %s took them one '
				'by one. It worked on OrderModified for %s s; OrderCancelled, received while it did, '
				'was applied after %s s.', m."partition", m.replica, m.work_s, c.work_s)
		else
			format('OrderModified was in partition %s, and %s worked on it for %s s. OrderCancelled '
				'was in partition %s, and %s applied it %s s %s.', m."partition", m.replica,
				m.work_s, c."partition", c.replica, gap.s,
				case when m.applied_at > c.applied_at then 'earlier' else 'later' end)
		end as text
	from race m, race c, lateral (select to_char(trunc(
		abs(extract(epoch from m.applied_at - c.applied_at)), 1), 'FM9990.0') as s) gap
	where m.event = 'OrderModified' and c.event = 'OrderCancelled'
	limit 1;
select coalesce(p.events = 'Placed Modified Cancelled' and a.events = :'expected'
		and n.events = replace(:'expected', 'Placed', 'Started')
		and d.status = 'DELIVERY ' || upper(split_part(:'expected', ' ', -1)), false)::int,
	coalesce(p.events, 'missing'), coalesce(a.events, 'missing'), coalesce(n.events, 'missing'),
	coalesce(d.status, 'missing'), coalesce(why.text,
		'delivery.history does not have both OrderModified and OrderCancelled.')
from published p cross join applied a cross join announced n
	left join public.delivery_table d on d.order_id = :order left join why on true;
