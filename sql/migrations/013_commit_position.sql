-- Orders in the order of their commits, for whoever reads them page by page. An id is no such order:
-- order-service draws ids ahead, so one that is placed later may have a smaller id.
-- Invariant: once a position is seen, no smaller one appears. Whoever places an order draws its
-- position while it holds the advisory lock (oid of orders.orders, 1), and keeps the lock until its
-- transaction has ended. Of two transactions that placed orders, one therefore drew all of its
-- positions after the other had ended, and the sequence gave it the greater ones. PostgreSQL
-- releases locks after a commit has become visible: who sees a position sees all smaller ones that
-- were ever committed.
create sequence orders.orders_commit_position_seq;

alter table orders.orders add column commit_position bigint;
update orders.orders set commit_position = id;
do $$
begin
	perform setval('orders.orders_commit_position_seq', coalesce(max(id), 0) + 1, false)
		from orders.orders;
end
$$;

alter table orders.orders
	alter column commit_position set default nextval('orders.orders_commit_position_seq'),
	alter column commit_position set not null;
alter sequence orders.orders_commit_position_seq owned by orders.orders.commit_position;
create index orders_commit_position on orders.orders (commit_position);

grant usage on sequence orders.orders_commit_position_seq to order_service;
