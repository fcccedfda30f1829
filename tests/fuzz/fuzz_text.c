/* Any bytes as the texts that programs read: outbox.headers, a file of acknowledgements,
 * librdkafka's statistics, LETTER=, and what is printed of a message. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/kafka/kafka_group.h"
#include "common/outbox/outbox_headers.h"
#include "tools/dead-letters/letter.h"
#include "tools/dead-letters/text.h"
#include "tools/verify-history/read_acks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return freopen("/dev/null", "w", stdout) ? 0 : 1; /* libFuzzer itself writes to stderr */
}

/* What was read once is written so that it reads the same. */
static void as_headers(const char *text)
{
	size_t count, again_count;
	struct message_header *list = outbox_headers_decode(text, &count), *again;
	char *written;

	assert(list);
	written = outbox_headers_encode(list, count);
	assert(written);
	again = outbox_headers_decode(written, &again_count);
	assert(again && again_count == count);
	for (size_t i = 0; i < count; i++) {
		assert(strcmp(list[i].name, again[i].name) == 0);
		assert(!list[i].value == !again[i].value && list[i].len == again[i].len);
		assert(!list[i].value || memcmp(list[i].value, again[i].value, list[i].len) == 0);
	}
	free(again);
	free(written);
	free(list);
}

static void as_acks(const uint8_t *data, size_t size)
{
	int fd = memfd_create("acks", 0);
	struct history h = { 0 };
	struct error err = { 0 };
	char path[40];

	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (read_acks(path, &h, &err) != ST_OK)
		assert(err.status == ST_INVALID && err.msg[0]);
	assert(h.acknowledged >= 0 && !h.no_memory);
	history_fini(&h);
	(void)close(fd);
}

static void as_statistics(const uint8_t *data, size_t size)
{
	struct kafka_group group = { 0 };

	kafka_group_read(&group, (const char *)data, size);
	assert(group.statistics == 1);
}

static void as_letter_number(const char *text)
{
	struct letter_number number = { 0 }, again = { 0 };
	char written[LETTER_NUMBER_SIZE];

	if (!letter_parse_number(text, &number))
		return;
	assert(number.partition >= -1 && number.offset >= 0);
	letter_number_write((struct topic_offset){ number.partition, number.offset },
			    number.partition >= 0, written);
	assert(letter_parse_number(written, &again));
	assert(again.partition == number.partition && again.offset == number.offset);
}

static void as_print(const uint8_t *data, size_t size)
{
	for (size_t max = 3; max <= 40; max += 37)
		assert(text_cut(data, size, max) <= max);
	text_cell(data, size, 10);
	text_whole(data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	as_headers(text);
	as_letter_number(text);
	as_acks(data, size);
	as_statistics(data, size);
	as_print(data, size);
	free(text);
	return 0;
}
