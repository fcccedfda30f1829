#include "order-service/core/order_key.h"

#include <string.h>

/* FNV-1a. */
#define HASH_START 14695981039346656037ULL
#define HASH_PRIME 1099511628211ULL

static uint64_t add_bytes(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ byte[i]) * HASH_PRIME;
	return hash;
}

/* With its NUL, which ends it: no text runs into the next. */
static uint64_t add_text(uint64_t hash, const char *text)
{
	return add_bytes(hash, text, strlen(text) + 1);
}

static uint64_t add_number(uint64_t hash, int64_t number)
{
	unsigned char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)((uint64_t)number >> (8 * i));
	return add_bytes(hash, bytes, sizeof(bytes));
}

int64_t order_key_fingerprint(const struct order_content *content)
{
	uint64_t hash = HASH_START;

	hash = add_number(hash, content->customer_id);
	hash = add_number(hash, content->qty);
	hash = add_text(hash, content->product_id);
	hash = add_text(hash, content->product_name);
	hash = add_text(hash, content->address);
	return (int64_t)hash;
}

void order_key_replay(struct order_command *command, int64_t id, int64_t fingerprint)
{
	if (order_key_fingerprint(&command->content) != fingerprint) {
		(void)error_set(&command->answer, ST_CONFLICT,
				"this key was used before, for another order");
		return;
	}
	command->answer.status = ST_OK;
	command->replayed = true;
	order_place(&command->order, id, &command->content);
}

void order_key_replay_stored(struct order_command *command, const struct order_by_key *before)
{
	if (before->has_fingerprint) {
		order_key_replay(command, before->order.id, before->fingerprint);
		return;
	}
	command->answer.status = ST_OK;
	command->replayed = true;
	command->order = before->order;
}
