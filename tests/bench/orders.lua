-- wrk's script: POST /orders, and one line at the end:
--   <answers 2xx per second> <p50, us> <p99, us> <other answers and errors> <answers 2xx>
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"customerId":2000,"productId":"100","productName":"RADIO","qty":3,"address":"PUSAN"}'

function done(summary, latency)
	local e = summary.errors
	local good = summary.requests - e.status
	io.write(string.format("result %d %d %d %d %d\n", good * 1000000 / summary.duration,
		latency:percentile(50), latency:percentile(99),
		e.status + e.connect + e.read + e.write + e.timeout, good))
end
