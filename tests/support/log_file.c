#include "tests/support/log_file.h"

#include <criterion/criterion.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/stack.h"

#define LOG_MAX 65536
/* A batch (format 2) is its offset, its length in 4 bytes, and so many bytes. The checksum does not
 * cover the offset. */
#define LENGTH_AT 8
#define HEAD_LEN  12

struct log_file {
	const char *path;
	size_t len;
	unsigned char *bytes; /* room for LOG_MAX */
};

static struct log_file read_log(const char *topic)
{
	struct log_file log = {
		.path = arena_format("%s/kafka/1/data/%s-0/00000000000000000000.log",
				     stack_run_dir(), topic),
		.bytes = arena_alloc(LOG_MAX),
	};
	FILE *file = fopen(log.path, "rb");

	cr_assert_not_null(file, "%s cannot be read", log.path);
	log.len = fread(log.bytes, 1, LOG_MAX, file);
	(void)fclose(file);
	cr_assert_lt(log.len, LOG_MAX);
	return log;
}

static void write_log(const struct log_file *log)
{
	FILE *file = fopen(log->path, "wb");

	cr_assert_not_null(file, "%s cannot be written", log->path);
	cr_assert_eq(fwrite(log->bytes, 1, log->len, file), log->len);
	cr_assert_eq(fclose(file), 0);
}

/* Where the n-th batch begins; len: of all of it. */
static size_t find_batch(const struct log_file *log, int n, size_t *len)
{
	size_t at = 0;

	for (;; n--) {
		uint32_t rest;

		cr_assert_leq(at + HEAD_LEN, log->len, "the log has fewer batches");
		memcpy(&rest, log->bytes + at + LENGTH_AT, sizeof(rest));
		*len = HEAD_LEN + be32toh(rest);
		if (n == 0)
			return at;
		at += *len;
	}
}

void log_file_renumber(const char *topic, int n, int64_t offset)
{
	const uint64_t big_endian = htobe64((uint64_t)offset);
	struct log_file log = read_log(topic);
	size_t len;

	memcpy(log.bytes + find_batch(&log, n, &len), &big_endian, sizeof(big_endian));
	write_log(&log);
}

void log_file_repeat(const char *topic, int n)
{
	struct log_file log = read_log(topic);
	size_t len;
	const size_t at = find_batch(&log, n, &len);

	cr_assert_leq(log.len + len, LOG_MAX);
	memcpy(log.bytes + log.len, log.bytes + at, len);
	log.len += len;
	write_log(&log);
}
