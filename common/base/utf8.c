#include "common/base/utf8.h"

#include <string.h>

/* The length of the sequence that starts at s, 0 if it is malformed (RFC 3629, section 4). */
static size_t utf8_sequence(const unsigned char *s, size_t room)
{
	size_t len = s[0] < 0x80   ? 1
		     : s[0] < 0xc2 ? 0
		     : s[0] < 0xe0 ? 2
		     : s[0] < 0xf0 ? 3
		     : s[0] < 0xf5 ? 4
				   : 0;

	if (len == 0 || len > room || s[0] == 0)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

size_t utf8_first(const char *text, size_t len)
{
	return utf8_sequence((const unsigned char *)text, len);
}

bool utf8_count(const char *text, size_t len, size_t *chars)
{
	size_t count = 0;

	for (size_t i = 0; i < len; count++) {
		size_t step = utf8_sequence((const unsigned char *)text + i, len - i);

		if (step == 0)
			return false;
		i += step;
	}
	*chars = count;
	return true;
}

size_t utf8_cut(const char *text, size_t max)
{
	size_t len = strnlen(text, max + 1);

	if (len <= max)
		return len;
	/* text[len] is the first byte left out: if it continues a character, so was its start. */
	for (len = max; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
		;
	return len;
}
