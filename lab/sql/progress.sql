-- How far everything is, many times a second: operations that order-service has committed, those
-- whose event Kafka has acknowledged, and events that delivery-service has applied. psql keeps
-- lab.sample running; each sample is one snapshot, so what it says of the three belongs together. A
-- gap is told to the precision of the samples.
create schema lab;
create unlogged table lab.progress (
	at_ms int8 primary key, stored int8, published int8, applied int8);

create function lab.sample() returns void language sql as $$
	insert into lab.progress
	select (extract(epoch from clock_timestamp()) * 1000)::int8, stored, stored - waiting, applied
	from (select coalesce(sum(version), 0) as stored from orders.orders) o,
		(select count(*) as waiting from orders.outbox) w,
		(select coalesce(max(id), 0) as applied from delivery.history) h
	on conflict do nothing
$$;

-- What had been reached at that time.
create function lab.reached(until_ms int8) returns lab.progress language sql stable as $$
	select * from lab.progress where at_ms <= until_ms order by at_ms desc limit 1
$$;

-- The longest time between the two in which the column did not grow, in ms.
create function lab.longest_gap_ms(col text, from_ms int8, to_ms int8) returns int8 language sql
stable as $$
	with samples as (
		select at_ms, case col when 'stored' then stored when 'published' then published
			else applied end as value
		from lab.progress where at_ms <= to_ms
	), grown as (
		select at_ms from (select at_ms, value > lag(value) over (order by at_ms) as grew
			from samples) g
		where grew and at_ms >= from_ms
		union all values (from_ms), (to_ms)
	)
	select max(gap) from (select at_ms - lag(at_ms) over (order by at_ms) as gap from grown) g
$$;

-- What happened between the two: operations taken, events published, events that wait at the end, and
-- the longest gaps in taking, publishing and delivery.
create function lab.measure(from_ms int8, to_ms int8, out taken int8, out published int8,
	out waiting int8, out pause_ms int8, out publish_gap_ms int8, out delivery_gap_ms int8)
language sql stable as $$
	select e.stored - coalesce(b.stored, 0), e.published - coalesce(b.published, 0),
		e.stored - e.published, lab.longest_gap_ms('stored', from_ms, to_ms),
		lab.longest_gap_ms('published', from_ms, to_ms),
		lab.longest_gap_ms('applied', from_ms, to_ms)
	from lab.reached(to_ms) e, lab.reached(from_ms) b
$$;
