-- How often a position was committed. While one event holds a position, what is done behind it
-- changes only ranges, so neither position nor epoch tells that a server has forgotten such a
-- commit, as a standby that was behind has when it is promoted. Each commit finds at least those
-- before it, or its owner starts again from what is there.
alter table delivery.position add commits bigint not null default 0;
