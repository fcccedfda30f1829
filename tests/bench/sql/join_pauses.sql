-- The longest times in ms between two effects of a partition that had one owner throughout: the second
-- of them in the :calm_us before the join, and from then until half a second after all that changed
-- hands flows again. And the longest time between the last effect of a partition by its old owner and
-- the first by its new one.
with joined as (
	select to_timestamp(:joined_us / 1e6) as at,
		to_timestamp((:joined_us - :calm_us) / 1e6) as calm_from,
		(select max(first) + interval '0.5 s' from (
			select min(applied_at) as first from delivery.history
			where replica <> (select replica from delivery.history order by id limit 1)
			group by "partition") moved) as over
), pauses as (
	select extract(epoch from applied_at - lag(applied_at) over (
		partition by "partition" order by id)) * 1000 as pause, applied_at,
		replica <> lag(replica) over (partition by "partition" order by id) as moves,
		"partition" in (select "partition" from delivery.history
			group by 1 having count(distinct replica) = 1) as stays
	from delivery.history
)
select round(max(pause) filter (where stays and applied_at >= calm_from and applied_at < at), 1),
	round(max(pause) filter (where stays and applied_at >= at and applied_at < over), 1),
	round(max(pause) filter (where moves), 1)
from pauses, joined;
