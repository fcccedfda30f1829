-- The tables that the peers fill: like delivery-service's own, but that an event may come twice.
drop schema if exists peers cascade;
create schema peers;
create table peers.delivery (like delivery.delivery including all) with (fillfactor = 85);
create table peers.history (like delivery.history including defaults including identity);
alter table peers.history add primary key (id);
create index on peers.history (order_id, version) where version > 0;
grant usage on schema peers to delivery_service;
grant all on all tables in schema peers to delivery_service;
grant usage on all sequences in schema peers to delivery_service;
