#include "tools/demo/wrap.h"

#include <locale.h>
#include <string.h>
#include <wchar.h>

#include "common/base/utf8.h"

void wrap_prepare(void)
{
	(void)setlocale(LC_CTYPE, "C.UTF-8"); /* part of the C library's package */
}

/* The letter that text begins with: its length, and the columns that it takes. */
static size_t first_letter(const char *text, size_t len, size_t *columns)
{
	size_t bytes = utf8_first(text, len);
	mbstate_t state = { 0 };
	wchar_t letter = 0;
	int width;

	*columns = 1;
	if (bytes == 0 || mbrtowc(&letter, text, bytes, &state) > bytes)
		return bytes > 0 ? bytes : 1;
	width = wcwidth(letter);
	if (width >= 0)
		*columns = (size_t)width;
	return bytes;
}

size_t wrap_columns(const char *text, size_t len)
{
	size_t sum = 0, columns;

	for (size_t at = 0; at < len; sum += columns)
		at += first_letter(text + at, len - at, &columns);
	return sum;
}

size_t wrap_fitting(const char *text, size_t len, size_t limit)
{
	size_t at = 0, sum = 0, columns;

	while (at < len) {
		size_t bytes = first_letter(text + at, len - at, &columns);

		if (sum + columns > limit)
			break;
		sum += columns;
		at += bytes;
	}
	return at;
}

/* Where the line that text begins with ends: at the last blank that lets it fit. */
static size_t line_end(const char *text, size_t len, size_t width)
{
	size_t fits = wrap_fitting(text, len, width);
	size_t end = fits;

	if (fits == len || text[fits] == ' ')
		return fits;
	while (end > 0 && text[end] != ' ')
		end--;
	if (end > 0)
		return end;
	return fits > 0 ? fits : len; /* a letter that is wider than the line */
}

/* A text without newlines. */
static void wrap_paragraph(const char *text, size_t len, size_t width, size_t hang, wrap_take *take,
			   void *context)
{
	size_t room = width;

	do {
		size_t end = line_end(text, len, room > 0 ? room : 1);
		size_t shown = end;

		while (shown > 0 && text[shown - 1] == ' ')
			shown--;
		take(context, text, shown);
		while (end < len && text[end] == ' ')
			end++;
		text += end;
		len -= end;
		room = width > hang ? width - hang : 1;
	} while (len > 0);
}

void wrap_lines(const char *text, size_t width, size_t hang, wrap_take *take, void *context)
{
	for (;;) {
		size_t len = strcspn(text, "\n");

		wrap_paragraph(text, len, width, hang, take, context);
		if (!text[len])
			return;
		text += len + 1;
	}
}
