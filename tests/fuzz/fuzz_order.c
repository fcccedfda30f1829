/* Any bytes as the members of an order, as the API reads them, and as texts for the parsers. */
#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/parse.h"
#include "common/base/utf8.h"
#include "common/http/http.h"
#include "order-service/core/order_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_order(const uint8_t *data, size_t size)
{
	json_t *body =
		json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	struct order_content content = { 0 };
	const char *field = NULL;
	struct error err = { 0 };
	unsigned fields = 0;

	if (json_is_object(body)) {
		if (order_content_read(body, ORDER_FIELDS_ALL, ORDER_FIELDS_ALL, &content, &fields,
				       &field, &err) == ST_OK)
			assert(content.qty > 0 && content.customer_id > 0 && content.address[0]);
		else
			assert(field && err.msg[0]);
	}
	json_decref(body);
}

static void as_text(const uint8_t *data, size_t size)
{
	struct http_request request = { 0 };
	char text[1024], masked[4096] = "";
	struct strbuf out = STRBUF_ON(masked);
	size_t len, chars;
	int64_t number;

	len = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
	memcpy(text, data, len);
	text[len] = '\0';
	request.query = text;
	(void)http_query(&request, "limit", &chars);
	(void)parse_i64(text, len, INT64_MIN, INT64_MAX, &number);
	(void)utf8_count(text, len, &chars);
	assert(utf8_cut(text, 10) <= 10);
	config_mask_url(text, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_order(data, size);
	as_text(data, size);
	return 0;
}
