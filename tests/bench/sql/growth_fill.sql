-- So many million deliveries are there, each with a history row; their numbers are below those of the
-- backlogs.
with n as (
	select generate_series(coalesce((select max(order_id) from delivery.delivery
		where order_id < 1000000000), 0) + 1, :millions * 1000000) as n
), d as (
	insert into delivery.delivery (order_id, version, customer_id, product_id, product_name, qty,
		address, status)
	select n, 1, 1000 + n % 1000, '100', 'RADIO', 3, 'PUSAN', 'DELIVERY STARTED' from n
)
insert into delivery.history (order_id, version, event, status, "partition", "offset", replica,
	received_at)
select n, 1, 'OrderPlaced', 'DELIVERY STARTED', 0, 0, 'filled', now() from n;
checkpoint;
vacuum analyze delivery.delivery;
vacuum analyze delivery.history;
