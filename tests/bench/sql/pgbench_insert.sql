with placed as (
	insert into bench.orders (version, status, customer_id, product_id, product_name, qty, address)
	values (1, 'ORDER PLACED', 2000, '100', 'RADIO', 3, 'PUSAN') returning id
)
insert into bench.outbox (topic, key, type, payload)
select 'bench', id::text::bytea, 'OrderPlaced', '{"eventType":"OrderPlaced","timestamp":1732180000123,"id":1000000,"version":1,"customerId":2000,"productId":"100","productName":"RADIO","qty":3,"address":"PUSAN"}'::bytea
from placed;
