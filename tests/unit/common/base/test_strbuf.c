/* Texts in a fixed buffer: what fits, what does not, and that nothing is written beyond. */
#include "common/base/strbuf.h"
#include "tests/unit/unit.h"

TestSuite(strbuf, .init = unit_deadline);

/* A buffer of 8 in a frame of marks: any byte written outside is seen, without a sanitizer too. */
struct framed {
	char before[8], buf[8], after[8];
};

static struct strbuf framed_init(struct framed *f)
{
	memset(f, '#', sizeof(*f));
	return (struct strbuf){ .buf = f->buf, .size = sizeof(f->buf) };
}

static void expect_frame_whole(const struct framed *f)
{
	cr_expect_eq(memcmp(f->before, "########", 8), 0);
	cr_expect_eq(memcmp(f->after, "########", 8), 0);
}

Test(strbuf, appends_one_after_the_other)
{
	char buf[32];
	struct strbuf sb = STRBUF_ON(buf);

	strbuf_puts(&sb, "id=");
	strbuf_printf(&sb, "%d%s", 12, ";");
	strbuf_add(&sb, "name and more", 4);
	expect_text(buf, "id=12;name");
	cr_expect_eq(sb.len, 10);
	cr_expect_not(sb.overflow);
}

Test(strbuf, empty_appends_make_an_empty_text)
{
	char buf[4] = "xyz";
	struct strbuf sb = STRBUF_ON(buf);

	strbuf_puts(&sb, "");
	expect_text(buf, "");
	strbuf_printf(&sb, "%s", "");
	strbuf_add(&sb, "x", 0);
	expect_text(buf, "");
	cr_expect_not(sb.overflow);
}

Test(strbuf, the_last_byte_is_for_the_nul)
{
	struct framed f;
	struct strbuf sb = framed_init(&f);

	strbuf_puts(&sb, "1234567");
	expect_text(f.buf, "1234567");
	cr_expect_not(sb.overflow);
	strbuf_add(&sb, "8", 1);
	cr_expect(sb.overflow);
	expect_text(f.buf, "1234567");
	expect_frame_whole(&f);
}

Test(strbuf, printf_fills_to_the_last_byte)
{
	struct framed f;
	struct strbuf sb = framed_init(&f);

	strbuf_printf(&sb, "%03d", 7);
	strbuf_printf(&sb, "%04d", 42);
	expect_text(f.buf, "0070042");
	cr_expect_not(sb.overflow);
	strbuf_printf(&sb, "%d", 1);
	cr_expect(sb.overflow);
	expect_text(f.buf, "0070042");
	expect_frame_whole(&f);
}

Test(strbuf, overflow_keeps_the_last_whole_append)
{
	struct framed f;
	struct strbuf sb = framed_init(&f);

	strbuf_puts(&sb, "abc");
	strbuf_puts(&sb, "defgh");
	cr_expect(sb.overflow);
	expect_text(f.buf, "abc");
	expect_frame_whole(&f);

	sb = framed_init(&f);
	strbuf_puts(&sb, "abc");
	strbuf_printf(&sb, "%s", "defgh");
	cr_expect(sb.overflow);
	expect_text(f.buf, "abc");
	cr_expect_eq(sb.len, 3);
	expect_frame_whole(&f);
}

Test(strbuf, overflow_is_sticky)
{
	struct framed f;
	struct strbuf sb = framed_init(&f);

	strbuf_puts(&sb, "abc");
	strbuf_puts(&sb, "too long for it");
	strbuf_puts(&sb, "d");
	strbuf_printf(&sb, "e");
	strbuf_add(&sb, "f", 1);
	cr_expect(sb.overflow);
	expect_text(f.buf, "abc");
	cr_expect_eq(sb.len, 3);
}

/* A text before which nothing was appended is the empty text, not what the memory held. */
Test(strbuf, overflow_of_the_first_append_leaves_an_empty_text)
{
	struct framed f;
	struct strbuf sb = framed_init(&f);

	strbuf_printf(&sb, "%s", "12345678");
	cr_expect(sb.overflow);
	cr_expect_eq(f.buf[0], '\0', "printf left: %.8s", f.buf);

	sb = framed_init(&f);
	strbuf_puts(&sb, "12345678");
	cr_expect(sb.overflow);
	cr_expect_eq(f.buf[0], '\0', "puts left: %.8s", f.buf);
	expect_frame_whole(&f);
}

Test(strbuf, huge_length_does_not_wrap)
{
	struct framed f;
	struct strbuf sb = framed_init(&f);

	strbuf_puts(&sb, "abc");
	strbuf_add(&sb, "x", SIZE_MAX);
	cr_expect(sb.overflow);
	expect_text(f.buf, "abc");
	expect_frame_whole(&f);
}

Test(strbuf, bytes_may_hold_a_nul)
{
	char buf[8];
	struct strbuf sb = STRBUF_ON(buf);

	strbuf_add(&sb, "a\0b", 3);
	cr_expect_eq(sb.len, 3);
	cr_expect_eq(memcmp(buf, "a\0b", 4), 0);
}
