-- How long the events of the orders from :first to :last took, from the order's row to its delivery's:
-- in all, as JSON; then by the tenth of a second in which they began, in ms.
create temp view event as
	select created_at, applied_at, extract(epoch from applied_at - created_at)::float8 * 1000 as ms
	from delivery.history h join orders.orders o on o.id = h.order_id
	where o.id between :first and :last;
select json_build_object('mean', avg(ms), 'p50', percentile_disc(0.5) within group (order by ms),
	'p99', percentile_disc(0.99) within group (order by ms),
	'per_second', count(*) / extract(epoch from max(applied_at) - min(created_at)))
from event;
select floor(10 * extract(epoch from created_at - (select min(created_at) from event))) / 10, avg(ms)
from event group by 1 order by 1;
