-- A repeat is one only if its content is the same. content is a hash of what an applied event said
-- (event_content); null: applied before this migration, or by synchronous dispatch.
alter table delivery.history add column content bigint;

-- Likewise for a repeat of an event that is parked: the whole message is there to be compared.
create function delivery.expect_same(order_id bigint, version int) returns bytea
language plpgsql as $$
begin
	raise exception 'another event with its order and version is parked: order %, version %',
		order_id, version using errcode = 'data_exception';
end
$$;

grant update on delivery.parked to delivery_service;
