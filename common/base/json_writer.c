#include "common/base/json_writer.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/utf8.h"

#define ESCAPE_BYTES 6  /* \u0000 */
#define NUMBER_BYTES 20 /* -9223372036854775808 */

/* Returns where at most `most` bytes may be written, and NULL for ever after one failure. */
static char *reserve(struct json_writer *w, size_t most)
{
	size_t capacity;
	char *text;

	if (w->failed)
		return NULL;
	if (most < w->capacity - w->len)
		return w->text + w->len;
	capacity = (w->capacity + most) * 2;
	text = realloc(w->text, capacity);
	w->failed = !text;
	if (!text)
		return NULL;
	w->text = text;
	w->capacity = capacity;
	return text + w->len;
}

static void put(struct json_writer *w, const char *text, size_t len)
{
	char *at = reserve(w, len);

	if (!at)
		return;
	memcpy(at, text, len);
	w->len += len;
}

/* --- texts --------------------------------------------------------------------------------- */

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Returns the end of what it has written at out. */
static char *escape(unsigned char c, char *out)
{
	static const char digits[] = "0123456789ABCDEF", special[] = "\"\\\b\f\n\r\t",
			  letters[] = "\"\\bfnrt";
	const char *letter = strchr(special, c);

	*out++ = '\\';
	if (letter) {
		*out++ = letters[letter - special];
		return out;
	}
	*out++ = 'u';
	*out++ = '0';
	*out++ = '0';
	*out++ = digits[c >> 4];
	*out++ = digits[c & 15];
	return out;
}

/* Writes text[0..len) at out, where there is room. Returns its end; NULL: not UTF-8. */
static char *put_characters(const char *text, size_t len, char *out)
{
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)text[i];
		size_t bytes = 1;

		if (is_plain(c)) {
			*out++ = text[i];
		} else if (c < 0x80) {
			out = escape(c, out);
		} else {
			bytes = utf8_first(text + i, len - i);
			if (bytes == 0)
				return NULL;
			memcpy(out, text + i, bytes);
			out += bytes;
		}
		i += bytes;
	}
	return out;
}

static void put_quoted(struct json_writer *w, const char *text)
{
	size_t len = strlen(text);
	char *at = reserve(w, len * ESCAPE_BYTES + 2), *end;

	if (!at)
		return;
	*at = '"';
	end = put_characters(text, len, at + 1);
	w->failed = !end;
	if (!end)
		return;
	*end++ = '"';
	w->len += (size_t)(end - at);
}

/* --- members ------------------------------------------------------------------------------- */

static void put_name(struct json_writer *w, const char *name)
{
	if (w->comma)
		put(w, ",", 1);
	w->comma = true;
	if (!name)
		return;
	put(w, "\"", 1);
	put(w, name, strlen(name));
	put(w, "\":", 2);
}

static void begin(struct json_writer *w, const char *name, const char *bracket)
{
	put_name(w, name);
	put(w, bracket, 1);
	w->comma = false;
}

static void end(struct json_writer *w, const char *bracket)
{
	put(w, bracket, 1);
	w->comma = true;
}

void json_writer_object(struct json_writer *w, const char *name)
{
	begin(w, name, "{");
}

void json_writer_object_end(struct json_writer *w)
{
	end(w, "}");
}

void json_writer_array(struct json_writer *w, const char *name)
{
	begin(w, name, "[");
}

void json_writer_array_end(struct json_writer *w)
{
	end(w, "]");
}

void json_writer_text(struct json_writer *w, const char *name, const char *value)
{
	put_name(w, name);
	put_quoted(w, value);
}

void json_writer_number(struct json_writer *w, const char *name, int64_t value)
{
	/* The lowest number has no positive counterpart but an unsigned one. */
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char digits[NUMBER_BYTES], *first = digits + sizeof(digits);

	do {
		*--first = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (value < 0)
		*--first = '-';
	put_name(w, name);
	put(w, first, (size_t)(digits + sizeof(digits) - first));
}

/* --- open and close ------------------------------------------------------------------------ */

void json_writer_init(struct json_writer *w, size_t expected)
{
	*w = (struct json_writer){ .text = malloc(expected + 1) };
	w->capacity = w->text ? expected + 1 : 0;
	w->failed = !w->text;
}

char *json_writer_take(struct json_writer *w)
{
	char *text = w->failed ? NULL : w->text;

	if (text)
		text[w->len] = '\0';
	else
		free(w->text);
	*w = (struct json_writer){ 0 };
	return text;
}
