#include "tests/support/order_event.h"

#include "tests/support/arena.h"
#include "tests/support/fixture.h"

struct raw_message order_event(const char *type, int64_t id, int version, const char *address)
{
	const char *number = version ? arena_format("\"version\":%d,", version) : "";

	return (struct raw_message){
		.topic = fixture.topic,
		.partition = -1,
		.key = arena_format("%lld", (long long)id),
		.payload = arena_format(
			"{\"eventType\":\"%s\",\"timestamp\":1732180000123,\"id\":%lld,%s"
			"\"customerId\":2000,\"productId\":\"100\",\"productName\":\"RADIO\","
			"\"qty\":3,\"address\":\"%s\"}",
			type, (long long)id, number, address),
		.headers = { { "type", type, 0 }, { "contentType", "application/json", 0 } }
	};
}

struct raw_message order_version(int64_t id, int version, int last)
{
	const char *type = version == 1      ? "OrderPlaced"
			   : version == last ? "OrderCancelled"
					     : "OrderModified";

	return order_event(type, id, version, arena_format("V%d", version));
}
