#include <stdio.h>
#include <string.h>

#include "common/http/http_identities.h"
#include "tests/unit/unit.h"

TestSuite(http_identities);

#define ONES "1111111111111111111111111111111111111111111111111111111111111111"
#define TWOS "2222222222222222222222222222222222222222222222222222222222222222"

static struct http_identities *read_good(const char *text)
{
	struct http_identities *identities = NULL;
	struct error err = { 0 };

	cr_assert_eq(http_identities_read(&identities, text, strlen(text), &err), ST_OK, "%s",
		     err.msg);
	return identities;
}

Test(http_identities, lines_are_read)
{
	struct http_identities *all = read_good("# who\n\n  shop\tread,write  sha256:" ONES
						"\r\nboard operate cn:the board, 2nd floor  \n"
						"shop read sha256:" TWOS);
	const struct http_identity *board =
		http_identities_by_common_name(all, "the board, 2nd floor");
	unsigned char hash[HTTP_TOKEN_HASH_BYTES];

	cr_expect_eq(http_identities_count(all), 3);
	cr_assert_not_null(board);
	cr_expect_str_eq(board->name, "board");
	cr_expect_eq(board->scopes, 1u << HTTP_SCOPE_OPERATE);
	memset(hash, 0x11, sizeof(hash));
	cr_expect_eq(http_identities_by_hash(all, hash)->scopes,
		     1u << HTTP_SCOPE_READ | 1u << HTTP_SCOPE_WRITE);
	memset(hash, 0x22, sizeof(hash));
	cr_expect_str_eq(http_identities_by_hash(all, hash)->name, "shop");
	hash[31] = 0x23;
	cr_expect_null(http_identities_by_hash(all, hash));
	/* A certificate's line has no token: no hash is its own. */
	memset(hash, 0, sizeof(hash));
	cr_expect_null(http_identities_by_hash(all, hash));
	cr_expect_null(http_identities_by_common_name(all, ""));
	cr_expect_null(http_identities_by_common_name(all, "the board"));
	http_identities_free(all);
}

Test(http_identities, what_is_wrong_is_told_and_not_quoted)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "a", "line 1: the scopes" },
		{ "a read", "line 1: behind the scopes" },
		{ "a all sha256:" ONES, "line 1: the scopes" },
		{ "a none sha256:" ONES, "line 1: the scopes" },
		{ "a read, sha256:" ONES, "line 1: the scopes" },
		{ "a ,read sha256:" ONES, "line 1: the scopes" },
		{ "a Read sha256:" ONES, "line 1: the scopes" },
		{ "\n#\na read sha256:" ONES "1", "line 3: behind" },
		{ "a read sha256:" ONES " x", "line 1: behind" },
		{ "a read sha512:" ONES, "line 1: behind" },
		{ "a read cn:", "line 1: behind" },
		{ "a read secret", "line 1: behind" },
		{ "\x01 read cn:b", "line 1: the name" },
		{ "a read cn:b\nc write cn:b", "line 2: another line" },
		{ "a read sha256:" ONES "\nc write sha256:" ONES, "line 2: another line" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_identities *identities = NULL;
		struct error err = { 0 };

		cr_expect_eq(http_identities_read(&identities, cases[i].text, strlen(cases[i].text),
						  &err),
			     ST_INVALID, "%s", cases[i].text);
		cr_expect_null(identities);
		cr_expect_not_null(strstr(err.msg, cases[i].why), "%s: %s", cases[i].text, err.msg);
		cr_expect_null(strstr(err.msg, "secret"));
		cr_expect_null(strstr(err.msg, "1111"));
	}
}
