-- A commit that notifies takes a lock that the whole server has once, and keeps it while it writes
-- to the disk: notifying commits do not share a write. So a commit notifies only a relay that
-- sleeps. Who sleeps has the advisory lock (the outbox' oid, 1) to itself; a writer that gets its
-- share of the lock need not notify, and keeps the share until its commit can be seen
-- (common/outbox/relay_sleep.h has the proof). A relay that was started before this migration never
-- has the lock, is not notified, and reads every half second.
do $$
declare
	s text;
begin
	foreach s in array array['orders', 'delivery'] loop
		execute format($sql$
			create or replace function %1$I.outbox_notify() returns trigger language plpgsql as $f$
			begin
				if not pg_try_advisory_xact_lock_shared(tg_relid::int4, 1) then
					perform pg_notify('outbox_' || tg_table_schema, '');
				end if;
				return null;
			end
			$f$;
		$sql$, s);
	end loop;
end
$$;
