#include "delivery-service/original.h"

#include <string.h>

#define NULL_VALUE SIZE_MAX

/* A header is its name and NUL, the value's length, and the value. */
size_t original_header_size(const char *name, const void *value, size_t len)
{
	return strlen(name) + 1 + sizeof(len) + (value ? len : 0);
}

char *original_put_header(char *at, const char *name, const void *value, size_t len)
{
	size_t name_size = strlen(name) + 1, kept = value ? len : NULL_VALUE;

	memcpy(at, name, name_size);
	at += name_size;
	memcpy(at, &kept, sizeof(kept));
	at += sizeof(kept);
	if (!value || len == 0)
		return at;
	memcpy(at, value, len);
	return at + len;
}

const char *original_header(const char *at, const char **name, const void **value, size_t *len)
{
	*name = at;
	at += strlen(at) + 1;
	memcpy(len, at, sizeof(*len));
	at += sizeof(*len);
	*value = *len == NULL_VALUE ? NULL : at;
	if (!*value)
		*len = 0;
	return at + *len;
}
