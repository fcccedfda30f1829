-- What the users were told (standard input: their acknowledgements) and what is in the database.
create temp table acked (ms int8, call text, id int8, version int);
\copy acked from pstdin with (delimiter ' ')
select json_build_object(
	'acknowledged', (select count(*) from acked),
	'issued', (select count(*) from delivery.delivery),
	'lost', (select count(*) from acked a where not exists
		(select from delivery.delivery d where d.order_id = a.id)),
	'unknown', (select count(*) from delivery.delivery d where not exists
		(select from acked a where a.id = d.order_id)),
	'behind_ms', (select percentile_disc(0.99) within group (order by
			extract(epoch from h.applied_at - o.created_at)::float8 * 1000)
		from delivery.history h join orders.orders o on o.id = h.order_id));
