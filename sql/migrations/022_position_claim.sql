-- Who holds a partition, beside the epoch: a number that each claim draws anew. A server that is
-- promoted without the last claims gives their epochs out again, and a replica that has slept since
-- one of them would pass for the owner. 0: nobody has drawn one yet. A version that draws none leaves
-- the number as it was, and raises the epoch.
alter table delivery.position add claim bigint not null default 0;
