-- What the lab's reader types: select * from delivery_table; select * from order_table;
-- The lab's columns, no internals.
create view public.delivery_table as
	select id, order_id, customer_id, product_id, product_name, qty, address, status
	from delivery.delivery order by id;

create view public.order_table as
	select id, customer_id, product_id, product_name, qty, address, status
	from orders.orders order by id;
