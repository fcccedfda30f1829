-- A database that was restored, or a standby that was promoted, may have forgotten orders whose
-- events are on the topic: their ids would be given out again, and a new order would get an old
-- order's delivery. order-service takes no order in a database that is not known here. It reads the
-- topic's order ids, moves the sequence past them, and writes down which database this is.
-- Invariant: the row's identity is that of a database whose orders_id_seq is past every order id
-- that was on the topic when it became that database.
create table orders.known_database (
	one              boolean primary key default true check (one),
	identity         text not null,
	highest_order_id bigint not null, -- on the topic at that time; 0: there was none
	known_at         timestamptz not null default now()
);

-- What changes whenever commits may have been lost: the cluster (initdb), the timeline (a standby
-- that was promoted, a recovery from a base backup), the database (pg_restore -C), the table's file
-- (pg_restore --clean, and without loss VACUUM FULL). A dump that is restored brings the row above
-- along, and another identity. Not seen: a copy of the files that is put back under a server that
-- was stopped; see docs/operations.md.
create function orders.database_identity() returns text
language sql volatile security definer set search_path = pg_catalog as $$
	select concat_ws('/',
		(select system_identifier from pg_control_system()),
		case when pg_is_in_recovery() then 'standby'
			else left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) end,
		(select oid from pg_database where datname = current_database()),
		pg_relation_filenode('orders.orders'::regclass))
$$;

grant select, insert, update on orders.known_database to order_service;
-- To read the sequences, and to set them.
grant select, update on sequence orders.orders_id_seq, orders.orders_commit_position_seq
	to order_service;
