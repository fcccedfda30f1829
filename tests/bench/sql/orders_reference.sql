-- The tables that pgbench fills: like the services' own.
create schema if not exists bench;
create table if not exists bench.orders (like orders.orders including all) with (fillfactor = 85);
create table if not exists bench.outbox (like orders.outbox including all);
truncate bench.orders, bench.outbox restart identity;
checkpoint;
