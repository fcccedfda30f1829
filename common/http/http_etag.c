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
