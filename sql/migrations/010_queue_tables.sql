-- Tables that fill and empty all the time: vacuum would cut off their empty end under an exclusive
-- lock, which whoever writes waits for, and the next rows would have to make the room again.
alter table orders.outbox set (vacuum_truncate = false);
alter table delivery.outbox set (vacuum_truncate = false);
alter table delivery.position_range set (vacuum_truncate = false);
