-- An Idempotency-Key belongs to one request: the fingerprint of its order tells another order under
-- the same key. Null beside a key: placed before there were fingerprints, any order is taken for it.
alter table orders.orders add column idempotency_fingerprint bigint;

-- Keys expire: order-service finds the oldest here, and sets key and fingerprint to null.
create index orders_idempotency_key_age on orders.orders (created_at)
	where idempotency_key is not null;
