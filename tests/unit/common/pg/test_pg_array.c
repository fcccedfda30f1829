/* PostgreSQL's binary arrays, byte by byte (the layout is array_recv's). */
#include "common/pg/pg_array.h"
#include "tests/unit/unit.h"

TestSuite(pg_array, .init = unit_deadline);

/* Finishes a, compares its bytes with the hexadecimal text (spaces ignored), frees it. */
static void expect_bytes(struct pg_array *a, const char *hex)
{
	unsigned char expected[256];
	size_t len = 0;

	cr_assert(pg_array_finish(a));
	for (; *hex; hex++) {
		unsigned byte;

		if (*hex == ' ')
			continue;
		cr_assert_eq(sscanf(hex, "%2x", &byte), 1);
		expected[len++] = (unsigned char)byte;
		hex++;
	}
	cr_expect_eq(a->len, len, "%zu bytes, not %zu", a->len, len);
	for (size_t i = 0; i < len && i < a->len; i++)
		cr_expect_eq(a->data[i], expected[i], "byte %zu is %02x, not %02x", i, a->data[i],
			     expected[i]);
	pg_array_fini(a);
}

Test(pg_array, int4)
{
	struct pg_array a;

	pg_array_init(&a, PG_ARRAY_INT4);
	pg_array_i32(&a, 1);
	pg_array_i32(&a, -2);
	pg_array_i32(&a, INT32_MAX);
	pg_array_i32(&a, INT32_MIN);
	expect_bytes(&a,
		     "00000001 00000000 00000017 00000004 00000001"
		     "00000004 00000001  00000004 fffffffe  00000004 7fffffff  00000004 80000000");
}

Test(pg_array, int8)
{
	struct pg_array a;

	pg_array_init(&a, PG_ARRAY_INT8);
	pg_array_i64(&a, 0x0102030405060708);
	pg_array_i64(&a, -1);
	pg_array_i64(&a, INT64_MIN);
	expect_bytes(&a, "00000001 00000000 00000014 00000003 00000001"
			 "00000008 0102030405060708  00000008 ffffffffffffffff"
			 "00000008 8000000000000000");
}

Test(pg_array, text_with_null)
{
	struct pg_array a;

	pg_array_init(&a, PG_ARRAY_TEXT);
	pg_array_text(&a, "AB");
	pg_array_text(&a, NULL);
	pg_array_text(&a, "");
	pg_array_text(&a, "\xc3\xa9");
	expect_bytes(&a, "00000001 00000001 00000019 00000004 00000001"
			 "00000002 4142  ffffffff  00000000  00000002 c3a9");
}

Test(pg_array, bytea)
{
	struct pg_array a;

	pg_array_init(&a, PG_ARRAY_BYTEA);
	pg_array_bytes(&a, "\0\xff\x01", 3);
	pg_array_bytes(&a, NULL, 0);
	pg_array_null(&a);
	expect_bytes(&a, "00000001 00000001 00000011 00000003 00000001"
			 "00000003 00ff01  00000000  ffffffff");
}

/* Microseconds since 2000: its first one is 946,684,800,000 ms after 1970. */
Test(pg_array, timestamptz)
{
	struct pg_array a;

	pg_array_init(&a, PG_ARRAY_TIMESTAMPTZ);
	pg_array_wall_ms(&a, 946684800000);
	pg_array_wall_ms(&a, 946684800001);
	pg_array_wall_ms(&a, 946684799999);
	pg_array_wall_ms(&a, 1732180000123); /* 2024-11-21 09:06:40.123 */
	expect_bytes(&a, "00000001 00000000 000004a0 00000004 00000001"
			 "00000008 0000000000000000  00000008 00000000000003e8"
			 "00000008 fffffffffffffc18  00000008 0002ca675a604878");
}

Test(pg_array, empty)
{
	struct pg_array a;

	pg_array_init(&a, PG_ARRAY_INT8);
	cr_expect_eq(a.count, 0);
	expect_bytes(&a, "00000001 00000000 00000014 00000000 00000001");
}

Test(pg_array, only_nulls)
{
	struct pg_array a;

	pg_array_init(&a, PG_ARRAY_INT8);
	pg_array_null(&a);
	pg_array_null(&a);
	cr_expect(a.has_null);
	expect_bytes(&a, "00000001 00000001 00000014 00000002 00000001 ffffffff ffffffff");
}

Test(pg_array, finish_may_be_repeated_after_further_elements)
{
	struct pg_array a;

	pg_array_init(&a, PG_ARRAY_INT4);
	pg_array_i32(&a, 1);
	cr_expect(pg_array_finish(&a));
	cr_expect(pg_array_finish(&a));
	cr_expect_eq(a.len, 28);
	pg_array_null(&a);
	expect_bytes(&a, "00000001 00000001 00000017 00000002 00000001 00000004 00000001 ffffffff");
}

Test(pg_array, grows)
{
	enum { N = 20000 };
	struct pg_array a;

	pg_array_init(&a, PG_ARRAY_INT8);
	for (int64_t i = 0; i < N; i++)
		pg_array_i64(&a, i * i);
	cr_assert(pg_array_finish(&a));
	cr_expect_eq(a.count, N);
	cr_assert_eq(a.len, 20 + N * 12);
	for (int64_t i = 0; i < N; i++) {
		const unsigned char *at = a.data + 20 + i * 12;
		int64_t value = 0;

		cr_assert_eq(memcmp(at, "\0\0\0\x08", 4), 0);
		for (int j = 4; j < 12; j++)
			value = value << 8 | at[j];
		cr_assert_eq(value, i * i);
	}
	pg_array_fini(&a);
}

Test(pg_array, elements_are_copied)
{
	char text[] = "AB";
	struct pg_array a;

	pg_array_init(&a, PG_ARRAY_TEXT);
	pg_array_text(&a, text);
	memset(text, 'x', 2);
	expect_bytes(&a, "00000001 00000000 00000019 00000001 00000001 00000002 4142");
}

Test(pg_array, fini_of_nothing_and_twice)
{
	struct pg_array zero = { 0 }, a;

	pg_array_fini(&zero);
	pg_array_init(&a, PG_ARRAY_TEXT);
	pg_array_text(&a, "x");
	pg_array_fini(&a);
	pg_array_fini(&a);
	cr_expect_null(a.data);
	cr_expect_eq(a.len, 0);
}

#ifndef __SANITIZE_ADDRESS__ /* it ends the process on such a size */
Test(pg_array, out_of_memory_is_sticky)
{
	size_t huge = (size_t)1 << 61;
	struct pg_array a;

	pg_array_init(&a, PG_ARRAY_BYTEA);
	pg_array_bytes(&a, "x", 1);
	pg_array_bytes(&a, "x", huge);
	cr_expect(a.failed);
	pg_array_bytes(&a, "x", 1);
	pg_array_i32(&a, 1);
	pg_array_null(&a);
	cr_expect_eq(a.count, 1);
	cr_expect_not(pg_array_finish(&a));
	pg_array_fini(&a);
}
#endif
