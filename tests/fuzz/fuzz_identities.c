/* Any bytes as the file of identities: what is read can be found again, and nothing else can. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/http_identities.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct http_identity *one)
{
	const size_t len = strlen(one->name);

	assert(len > 0 && len <= HTTP_IDENTITY_NAME_MAX);
	assert(one->scopes > 0 && one->scopes < 1u << HTTP_SCOPE_NONE);
}

/* The input's beginning as a token's hash, and its end as a common name. */
static void look_up(const struct http_identities *all, const uint8_t *data, size_t size)
{
	unsigned char hash[HTTP_TOKEN_HASH_BYTES] = { 0 };
	char name[HTTP_COMMON_NAME_MAX + 1] = "";
	const uint8_t *colon = memchr(data, ':', size);
	const size_t rest = colon ? size - (size_t)(colon + 1 - data) : 0;
	const struct http_identity *found;

	memcpy(hash, data, size < sizeof(hash) ? size : sizeof(hash));
	found = http_identities_by_hash(all, hash);
	assert(!found || (!found->common_name[0] && memcmp(found->hash, hash, sizeof(hash)) == 0));
	if (rest > 0)
		memcpy(name, colon + 1, rest < sizeof(name) ? rest : sizeof(name) - 1);
	name[strcspn(name, "\r\n")] = '\0';
	found = http_identities_by_common_name(all, name);
	assert(!found || strcmp(found->common_name, name) == 0);
	if (found)
		judge(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_identities *all = NULL;
	struct error err = { 0 };
	char *text = malloc(size + 1); /* of its own: a read beyond it is found */

	memcpy(text, data, size);
	if (http_identities_read(&all, text, size, &err) == ST_OK)
		look_up(all, data, size);
	else
		assert(!all && err.status == ST_INVALID && err.msg[0]);
	http_identities_free(all);
	free(text);
	return 0;
}
