/* The parameters of a statement: values, lengths and formats as libpq takes them. */
#include "common/pg/pg_params.h"
#include "tests/unit/unit.h"

TestSuite(pg_params, .init = unit_deadline);

static void expect_binary(const struct pg_params *p, int i, const void *bytes, int len)
{
	cr_expect_eq(p->formats[i], 1, "parameter %d", i);
	cr_assert_eq(p->lengths[i], len, "parameter %d: %d bytes", i, p->lengths[i]);
	cr_expect_eq(memcmp(p->values[i], bytes, (size_t)len), 0, "parameter %d", i);
}

Test(pg_params, integers_in_network_order)
{
	struct pg_params p = { 0 };

	pg_param_i32(&p, 1);
	pg_param_i32(&p, -2);
	pg_param_i32(&p, INT32_MIN);
	pg_param_i64(&p, 0x0102030405060708);
	pg_param_i64(&p, -1);
	pg_param_i64(&p, INT64_MIN);
	cr_expect_eq(p.count, 6);
	cr_expect_not(p.failed);
	expect_binary(&p, 0, "\x00\x00\x00\x01", 4);
	expect_binary(&p, 1, "\xff\xff\xff\xfe", 4);
	expect_binary(&p, 2, "\x80\x00\x00\x00", 4);
	expect_binary(&p, 3, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
	expect_binary(&p, 4, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	expect_binary(&p, 5, "\x80\x00\x00\x00\x00\x00\x00\x00", 8);
}

Test(pg_params, texts_are_borrowed_and_may_be_null)
{
	static const char text[] = "PUSAN";
	struct pg_params p = { 0 };

	pg_param_text(&p, text);
	pg_param_text(&p, "");
	pg_param_text(&p, NULL);
	cr_expect_eq(p.count, 3);
	cr_expect_eq(p.values[0], text);
	cr_expect_eq(p.formats[0], 0);
	expect_text(p.values[1], "");
	cr_expect_null(p.values[2]);
	cr_expect_not(p.failed);
}

Test(pg_params, arrays_are_finished_and_borrowed)
{
	struct pg_params p = { 0 };
	struct pg_array a;

	pg_array_init(&a, PG_ARRAY_INT4);
	pg_array_i32(&a, 5);
	pg_param_array(&p, &a);
	cr_expect_eq(p.count, 1);
	cr_expect_eq((const void *)p.values[0], (const void *)a.data);
	expect_binary(&p, 0,
		      "\0\0\0\x01\0\0\0\0\0\0\0\x17\0\0\0\x01\0\0\0\x01"
		      "\0\0\0\x04\0\0\0\x05",
		      28);
	cr_expect_not(p.failed);
	pg_array_fini(&a);
}

Test(pg_params, an_array_without_memory_fails)
{
	struct pg_params p = { 0 };
	struct pg_array a = { .type = PG_ARRAY_INT4, .failed = true };

	pg_param_array(&p, &a);
	cr_expect(p.failed);
}

/* As many as there is room for; one more fails and leaves the others as they were. */
Test(pg_params, too_many_fail)
{
	for (int kind = 0; kind < 3; kind++) {
		struct pg_params p = { 0 };

		for (int i = 0; i < PG_PARAMS_MAX; i++)
			pg_param_i32(&p, i);
		cr_expect_eq(p.count, PG_PARAMS_MAX);
		cr_expect_not(p.failed);
		if (kind == 0)
			pg_param_i32(&p, 99);
		else if (kind == 1)
			pg_param_i64(&p, 99);
		else
			pg_param_text(&p, "99");
		cr_expect(p.failed);
		cr_expect_eq(p.count, PG_PARAMS_MAX);
		for (int i = 0; i < PG_PARAMS_MAX; i++)
			expect_binary(&p, i, ((const char[]){ 0, 0, 0, (char)i }), 4);
	}
}
