-- Who holds a partition, beside the epoch: a number that each claim draws anew. A server that is
-- promoted without the last claims gives their epochs out again, and a replica that has slept since
-- one of them would pass for the owner. 0: claimed by a version that drew none.
alter table delivery.position add claim bigint not null default 0;
