/* The headers of a message, packed into one block and unpacked: byte by byte what they were. */
#include "delivery-service/core/raw_message.h"
#include "tests/unit/unit.h"

TestSuite(raw_message, .init = unit_deadline);

struct header {
	const char *name;
	const void *value; /* NULL: a null value */
	size_t len;
};

/* Into a block of exactly the size that was said, so that a sanitized build sees a byte more. */
static void expect_kept(const struct header *headers, size_t count)
{
	char *block, *end;
	const char *at;
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += raw_message_header_size(headers[i].name, headers[i].value, headers[i].len);
	block = malloc(size ? size : 1);
	cr_assert(block);
	end = block;
	for (size_t i = 0; i < count; i++)
		end = raw_message_put_header(end, headers[i].name, headers[i].value,
					     headers[i].len);
	cr_assert_eq(end, block + size, "%zu bytes of %zu", (size_t)(end - block), size);
	at = block;
	for (size_t i = 0; i < count; i++) {
		const char *name;
		const void *value;
		size_t len;

		at = raw_message_header(at, &name, &value, &len);
		expect_text(name, headers[i].name);
		cr_assert_eq(value == NULL, headers[i].value == NULL, "header %zu", i);
		cr_assert_eq(len, headers[i].value ? headers[i].len : 0, "header %zu", i);
		cr_assert(!value || memcmp(value, headers[i].value, len) == 0, "header %zu", i);
	}
	cr_assert_eq(at, end);
	free(block);
}

Test(raw_message, headers_are_kept)
{
	static const struct header headers[] = {
		{ "type", "OrderPlaced", 11 },
		{ "contentType", "application/json", 16 },
		{ "", "without a name", 14 },
		{ "empty", "", 0 },
		{ "null", NULL, 0 },
		{ "null with a length", NULL, 7 },
		{ "type", "again", 5 },
		{ "bytes", "a\0b\xff\xfe", 5 },
		{ "long", "0123456789012345678901234567890123456789", 40 },
	};

	expect_kept(NULL, 0);
	for (size_t first = 0; first < COUNT_OF(headers); first++) {
		for (size_t count = 1; count <= COUNT_OF(headers) - first; count++)
			expect_kept(headers + first, count);
	}
}

Test(raw_message, a_large_value)
{
	enum { LARGE = 1 << 20 };
	char *value = calloc(1, LARGE);
	const struct header headers[] = { { "large", value, LARGE }, { "small", "x", 1 } };

	cr_assert(value);
	memset(value, 0xa5, LARGE);
	expect_kept(headers, COUNT_OF(headers));
	free(value);
}

Test(raw_message, any_headers_are_kept)
{
	enum { ROUNDS = 2000, COUNT_MAX = 8, LEN_MAX = 24 };
	uint64_t seed = 21;

	for (int round = 0; round < ROUNDS; round++) {
		static char names[COUNT_MAX][LEN_MAX], values[COUNT_MAX][LEN_MAX];
		struct header headers[COUNT_MAX] = { 0 };
		size_t count = random_below(&seed, COUNT_MAX);

		memset(names, 0, sizeof(names));
		for (size_t i = 0; i < count; i++) {
			for (unsigned n = random_below(&seed, LEN_MAX); n > 0; n--)
				names[i][n - 1] = (char)(1 + random_below(&seed, 255));
			headers[i] =
				(struct header){ names[i], NULL, random_below(&seed, LEN_MAX) };
			for (size_t n = 0; n < headers[i].len; n++)
				values[i][n] = (char)random_below(&seed, 256);
			if (random_below(&seed, 4))
				headers[i].value = values[i];
		}
		expect_kept(headers, count);
	}
}

/* --- blocks that are shared ---------------------------------------------------------------- */

/* A block of one header; a reference to it, shared. */
static struct raw_message_headers *share(struct raw_message_recent *latest, const char *name,
					 size_t len)
{
	static const char value[2000] = "";
	size_t size = raw_message_header_size(name, value, len);
	struct raw_message_headers *headers = raw_message_headers_new(size, 1);

	cr_assert(headers);
	(void)raw_message_put_header(headers->bytes, name, value, len);
	headers = raw_message_headers_share(latest, headers);
	cr_assert(headers);
	return headers;
}

Test(raw_message, the_same_headers_are_one_block)
{
	struct raw_message_recent latest = { 0 };
	struct raw_message_headers *a = share(&latest, "a", 3), *b = share(&latest, "b", 3);
	struct raw_message_headers *again = share(&latest, "a", 3),
				   *longer = share(&latest, "a", 4);

	cr_expect_eq(a, again);
	cr_expect_neq(a, b);
	cr_expect_neq(a, longer);
	raw_message_headers_release(a);
	expect_text(again->bytes, "a");
	raw_message_headers_release(again);
	raw_message_headers_release(b);
	raw_message_headers_release(longer);
	raw_message_recent_fini(&latest);
}

/* A block outlives its place among the latest, and nobody is given one that is gone. */
Test(raw_message, only_the_latest_blocks_are_shared)
{
	struct raw_message_recent latest = { 0 };
	struct raw_message_headers *first = share(&latest, "first", 0), *again;

	for (char name[] = "0"; name[0] < '0' + RAW_MESSAGE_RECENT; name[0]++)
		raw_message_headers_release(share(&latest, name, 0));
	expect_text(first->bytes, "first");
	again = share(&latest, "first", 0);
	cr_expect_neq(first, again);
	raw_message_headers_release(first);
	raw_message_recent_fini(&latest);
	expect_text(again->bytes, "first");
	raw_message_headers_release(again);
}

Test(raw_message, large_blocks_are_not_remembered)
{
	struct raw_message_recent latest = { 0 };
	struct raw_message_headers *a = share(&latest, "a", 2000), *b = share(&latest, "a", 2000);

	cr_expect_neq(a, b);
	cr_expect_eq(a->references, 1);
	raw_message_headers_release(a);
	raw_message_headers_release(b);
	raw_message_recent_fini(&latest);
}
