#include "common/http/http_etag.h"

#include <string.h>

bool http_etag_next(const char **list, struct http_etag *tag)
{
	const char *at = *list + strspn(*list, " \t,");
	size_t inside;

	tag->weak = strncmp(at, "W/", 2) == 0;
	if (tag->weak)
		at += 2;
	if (*at != '"')
		return false;
	inside = strcspn(at + 1, "\" \t");
	if (at[1 + inside] != '"')
		return false;
	tag->text = at;
	tag->len = inside + 2;
	at += tag->len;
	at += strspn(at, " \t");
	if (*at && *at != ',')
		return false;
	*list = at;
	return true;
}

bool http_etag_in(const char *list, const char *tag, enum http_etag_comparison comparison)
{
	size_t len = strlen(tag);
	struct http_etag one;

	if (strcmp(list, "*") == 0)
		return true;
	while (http_etag_next(&list, &one)) {
		if (one.len == len && memcmp(one.text, tag, len) == 0 &&
		    (comparison == HTTP_ETAG_WEAK || !one.weak))
			return true;
	}
	return false;
}

bool http_etag_list_valid(const char *list)
{
	size_t tags = 0;
	struct http_etag one;

	if (strcmp(list, "*") == 0)
		return true;
	while (http_etag_next(&list, &one))
		tags++;
	return tags > 0 && list[strspn(list, " \t,")] == '\0';
}
