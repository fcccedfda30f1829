-- Where the outbox begins: no row with a lower id is left, nor will one be committed. The relay that
-- holds the lease finds it out and writes it (common/outbox/relay_bound.h has the proof); it spares
-- every read the deleted rows that vacuum may not remove yet.
-- Invariant: low_id is never above the next id of the sequence, else it is void and taken for 0.
do $$
declare
	s text;
	r text;
begin
	foreach s in array array['orders', 'delivery'] loop
		r := case s when 'orders' then 'order_service' else 'delivery_service' end;
		execute format($sql$
			alter table %1$I.outbox_lease add column low_id bigint not null default 0;
			grant select on sequence %1$I.outbox_id_seq to %2$I;
		$sql$, s, r);
	end loop;
end
$$;
