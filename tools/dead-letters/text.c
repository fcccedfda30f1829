#include "tools/dead-letters/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/base/utf8.h"

/* The length of the printable character that text starts with; 0: it is none. */
static size_t printable(const unsigned char *text, size_t len)
{
	size_t n = text[0] < 0x80 ? 1 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4, chars;

	if (text[0] < 0x20 || text[0] == 0x7f || n > len ||
	    !utf8_count((const char *)text, n, &chars))
		return 0;
	return text[0] == 0xc2 && text[1] < 0xa0 ? 0 : n; /* U+0080 to U+009F are controls too */
}

/* Puts, or only measures, text until its end or max characters; *used gets the bytes. Returns the
 * characters. */
static size_t put(const unsigned char *text, size_t len, size_t max, bool measure, size_t *used)
{
	size_t width = 0, i = 0;

	while (i < len) {
		size_t n = printable(text + i, len - i), wide = n > 0 ? 1 : 4;

		if (width + wide > max)
			break;
		if (!measure && n > 0)
			(void)fwrite(text + i, 1, n, stdout);
		else if (!measure)
			(void)printf("\\x%02x", text[i]);
		width += wide;
		i += n > 0 ? n : 1;
	}
	*used = i;
	return width;
}

size_t text_cut(const void *bytes, size_t len, size_t max)
{
	size_t used;

	if (!bytes) {
		bytes = "-";
		len = 1;
	}
	(void)put(bytes, len, max, true, &used);
	if (used == len)
		return put(bytes, len, max, false, &used);
	max = put(bytes, len, max - 3, false, &used);
	(void)fputs("...", stdout);
	return max + 3;
}

void text_cell(const void *bytes, size_t len, size_t width)
{
	size_t used = text_cut(bytes, len, width);

	(void)printf("%*s ", (int)(width - used), "");
}

void text_whole(const void *bytes, size_t len)
{
	const unsigned char *text = bytes;
	size_t used;

	if (!text) {
		(void)fputs("(null)\n", stdout);
		return;
	}
	while (len > 0) {
		const unsigned char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;

		(void)put(text, line, SIZE_MAX, false, &used);
		if (!end)
			break;
		(void)fputs("\n", stdout);
		text += line + 1;
		len -= line + 1;
	}
	(void)fputs("\n", stdout);
}
