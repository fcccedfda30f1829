-- The transactional outbox, once per service (pattern: microservices.io/patterns/data/transactional-outbox).
-- A row is an event that is committed and not known to be on the topic yet. The relay publishes
-- rows in id order and deletes those that Kafka has acknowledged.
-- Invariant: rows of one order are inserted under that order's row lock, so their ids ascend in
-- commit order. Across orders, ids are no commit order: never read "id > last".
do $$
declare
	s text;
	r text;
begin
	foreach s in array array['orders', 'delivery'] loop
		r := case s when 'orders' then 'order_service' else 'delivery_service' end;
		execute format($sql$
			create table %1$I.outbox (
				id         bigint generated always as identity primary key,
				topic      text not null,
				key        bytea,                 -- ordering key; null: none
				type       text,                  -- header "type"; null: no standard headers
				headers    text,                  -- further headers, a JSON object of strings
				payload    bytea,                 -- null is a legal Kafka payload
				created_at timestamptz not null default now()
			) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
				autovacuum_vacuum_cost_delay = 0);

			-- Rows that Kafka refuses for good (too large, invalid): kept with the reason.
			create table %1$I.outbox_dead (
				id         bigint primary key,
				topic      text not null,
				key        bytea,
				type       text,
				headers    text,
				payload    bytea,
				created_at timestamptz not null,
				died_at    timestamptz not null default now(),
				reason     text not null
			);

			-- Who relays, and when it last said so. One row. The advisory lock decides; this row
			-- lets a standby find and end the database session of a relay that hangs.
			create table %1$I.outbox_lease (
				one          boolean primary key default true check (one),
				holder       text not null,
				backend_pid  int not null,
				heartbeat_at timestamptz not null
			);

			create function %1$I.outbox_notify() returns trigger language plpgsql as $f$
			begin
				perform pg_notify('outbox_' || tg_table_schema, '');
				return null;
			end
			$f$;
			create trigger outbox_notify after insert on %1$I.outbox
				for each statement execute function %1$I.outbox_notify();

			grant select, insert, delete on %1$I.outbox to %2$I;
			grant insert on %1$I.outbox_dead to %2$I;
			grant select, insert, update on %1$I.outbox_lease to %2$I;
		$sql$, s, r);
	end loop;
end
$$;
