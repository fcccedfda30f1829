-- What is done past a gap: with PROCESSING_ORDER=key|unordered, events behind one that is still in
-- work are done, and a crash must not replay them. A row is a range of offsets, first to end - 1,
-- above the partition's next_offset; ranges of one partition never touch.
create table delivery.position_range (
	topic        text not null,
	"partition"  int not null,
	first_offset bigint not null,
	end_offset   bigint not null check (end_offset > first_offset),
	primary key (topic, "partition", first_offset)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
	autovacuum_vacuum_cost_delay = 0);

grant select, insert, update, delete on delivery.position_range to delivery_service;
