-- The resequencer of SEQUENCING=enforce (pattern: enterpriseintegrationpatterns.com, Resequencer).
-- An event whose predecessor has not been applied waits here, put by the transaction that moves
-- the position past it; whoever applies the predecessor applies what waits.
-- Invariant: parking and applying both hold the order's advisory lock, so no event is parked while
-- its predecessor is being applied unseen.
create table delivery.parked (
	order_id    bigint not null,
	version     int not null check (version > 0),
	event       text not null,
	payload     bytea not null,
	"partition" int not null,
	"offset"    bigint not null,
	received_at timestamptz not null,
	parked_at   timestamptz not null default clock_timestamp(),
	primary key (order_id, version)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
	autovacuum_vacuum_cost_delay = 0);

create index parked_age on delivery.parked (parked_at);

-- Versions that are no longer waited for (make give-up): events behind them are applied without
-- them, and one that comes after all is a dead letter.
create table delivery.given_up (
	order_id    bigint not null,
	version     int not null check (version > 0),
	reason      text not null,
	given_up_at timestamptz not null default now(),
	primary key (order_id, version)
);

-- Events without a version have no (order, version) by which a repeat is known: theirs is the
-- place on the topic where they came first (a replayed dead letter carries it in its headers).
create table delivery.applied_plain (
	topic       text not null,
	"partition" int not null,
	"offset"    bigint not null,
	primary key (topic, "partition", "offset")
);

grant select, insert, delete on delivery.parked to delivery_service;
grant select on delivery.given_up to delivery_service;
grant select, insert on delivery.applied_plain to delivery_service;
