-- The outbox has :events rows for the topic.
insert into orders.outbox (topic, key, type, payload)
select :'topic', n::text::bytea, 'OrderPlaced', convert_to(
	'{"eventType":"OrderPlaced","timestamp":1732180000123,"id":' || n || ',"version":1,'
	'"customerId":2000,"productId":"100","productName":"RADIO","qty":3,"address":"PUSAN"}', 'UTF8')
from generate_series(1, :events) n;
