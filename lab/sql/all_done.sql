-- Seconds from :started until all was done, and the longest time in ms without any event done, before
-- and after :joined.
select json_build_object('took_s', extract(epoch from max(applied_at)) - :started,
	'pause_ms', max(pause) filter (where applied_at < to_timestamp(:joined)),
	'pause_joined_ms', max(pause) filter (where applied_at >= to_timestamp(:joined)))
from (select applied_at, extract(epoch from
		applied_at - lag(applied_at) over (order by applied_at)) * 1000 as pause
	from delivery.history) h;
