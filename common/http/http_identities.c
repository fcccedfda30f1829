#include "common/http/http_identities.h"

#include <stdlib.h>
#include <string.h>

#define HASH_PREFIX   "sha256:"
#define NAME_PREFIX   "cn:"
#define IS_BLANK(c)   ((c) == ' ' || (c) == '\t')
#define IS_VISIBLE(c) ((c) > 0x20 && (c) < 0x7f)

struct http_identities {
	struct http_identity *list;
	size_t count, size;
};

static const char *const scope_names[HTTP_SCOPES] = { "operate", "read", "write", "" };

const char *http_scope_name(enum http_scope scope)
{
	return scope_names[scope];
}

/* --- a line -------------------------------------------------------------------------------- */

/* A piece of a line. */
struct piece {
	const char *text;
	size_t len;
};

static void skip_blanks(struct piece *line)
{
	while (line->len > 0 && IS_BLANK(*line->text)) {
		line->text++;
		line->len--;
	}
	while (line->len > 0 &&
	       (IS_BLANK(line->text[line->len - 1]) || line->text[line->len - 1] == '\r'))
		line->len--;
}

/* Up to the next blank; line is what follows. */
static struct piece take_word(struct piece *line)
{
	struct piece word = { line->text, 0 };

	while (word.len < line->len && !IS_BLANK(word.text[word.len]))
		word.len++;
	line->text += word.len;
	line->len -= word.len;
	skip_blanks(line);
	return word;
}

static bool begins_with(const struct piece *piece, const char *prefix)
{
	return piece->len >= strlen(prefix) && memcmp(piece->text, prefix, strlen(prefix)) == 0;
}

static bool read_name(const struct piece *word, char name[HTTP_IDENTITY_NAME_MAX + 1])
{
	if (word->len == 0 || word->len > HTTP_IDENTITY_NAME_MAX)
		return false;
	for (size_t i = 0; i < word->len; i++) {
		if (!IS_VISIBLE(word->text[i]))
			return false;
	}
	memcpy(name, word->text, word->len);
	name[word->len] = '\0';
	return true;
}

/* 0: it is none. */
static unsigned read_scope(const char *text, size_t len)
{
	for (unsigned i = 0; i < HTTP_SCOPES; i++) {
		if (len > 0 && strlen(scope_names[i]) == len &&
		    memcmp(scope_names[i], text, len) == 0)
			return 1u << i;
	}
	return 0;
}

/* 0: they are none. */
static unsigned read_scopes(const struct piece *word)
{
	unsigned scopes = 0;

	for (size_t at = 0; at <= word->len;) {
		const char *comma = memchr(word->text + at, ',', word->len - at);
		size_t len = (comma ? (size_t)(comma - word->text) : word->len) - at;
		unsigned scope = read_scope(word->text + at, len);

		if (scope == 0)
			return 0;
		scopes |= scope;
		at += len + 1;
	}
	return scopes;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_hash(const char *text, size_t len, unsigned char hash[HTTP_TOKEN_HASH_BYTES])
{
	if (len != 2 * HTTP_TOKEN_HASH_BYTES)
		return false;
	for (size_t i = 0; i < HTTP_TOKEN_HASH_BYTES; i++) {
		int high = hex(text[2 * i]), low = hex(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		hash[i] = (unsigned char)(high * 16 + low);
	}
	return true;
}

static bool read_common_name(const char *text, size_t len, char name[HTTP_COMMON_NAME_MAX + 1])
{
	if (len == 0 || len > HTTP_COMMON_NAME_MAX || memchr(text, '\0', len))
		return false;
	memcpy(name, text, len);
	name[len] = '\0';
	return true;
}

static bool read_credential(const struct piece *rest, struct http_identity *identity)
{
	const size_t hash = strlen(HASH_PREFIX), name = strlen(NAME_PREFIX);

	if (begins_with(rest, HASH_PREFIX))
		return read_hash(rest->text + hash, rest->len - hash, identity->hash);
	return begins_with(rest, NAME_PREFIX) &&
	       read_common_name(rest->text + name, rest->len - name, identity->common_name);
}

/* NULL: it is good; else what is wrong. */
static const char *read_identity(struct piece line, struct http_identity *identity)
{
	struct piece name = take_word(&line), scopes = take_word(&line);

	*identity = (struct http_identity){ 0 };
	if (!read_name(&name, identity->name))
		return "the name must be 1 to 64 visible ASCII characters";
	identity->scopes = read_scopes(&scopes);
	if (identity->scopes == 0)
		return "the scopes must be read, write or operate, comma separated";
	if (!read_credential(&line, identity))
		return "behind the scopes must be sha256: and 64 hexadecimal digits, or cn: and a "
		       "common name";
	return NULL;
}

/* --- the file ------------------------------------------------------------------------------ */

static bool is_there(const struct http_identities *identities, const struct http_identity *one)
{
	for (size_t i = 0; i < identities->count; i++) {
		const struct http_identity *other = &identities->list[i];

		if (strcmp(one->common_name, other->common_name) == 0 &&
		    memcmp(one->hash, other->hash, sizeof(one->hash)) == 0)
			return true;
	}
	return false;
}

/* NULL: done; else what is wrong. */
static const char *add_line(struct http_identities *identities, struct piece line)
{
	struct http_identity *grown = identities->list, one;
	const char *wrong;

	skip_blanks(&line);
	if (line.len == 0 || *line.text == '#')
		return NULL;
	wrong = read_identity(line, &one);
	if (wrong)
		return wrong;
	if (is_there(identities, &one))
		return "another line has the same token or common name";
	if (identities->count == identities->size) {
		identities->size = identities->size ? 2 * identities->size : 8;
		grown = reallocarray(identities->list, identities->size, sizeof(one));
	}
	if (!grown)
		return "out of memory";
	identities->list = grown;
	identities->list[identities->count++] = one;
	return NULL;
}

enum status http_identities_read(struct http_identities **out, const char *text, size_t len,
				 struct error *err)
{
	struct http_identities *identities = calloc(1, sizeof(*identities));
	const char *wrong = identities ? NULL : "out of memory";
	size_t number = 0, at = 0;

	while (!wrong && at < len) {
		const char *newline = memchr(text + at, '\n', len - at);
		size_t span = newline ? (size_t)(newline - text) - at : len - at;

		number++;
		wrong = add_line(identities, (struct piece){ text + at, span });
		at += span + 1;
	}
	if (!wrong) {
		*out = identities;
		return ST_OK;
	}
	http_identities_free(identities);
	return error_set(err, ST_INVALID, "line %zu: %s", number, wrong);
}

void http_identities_free(struct http_identities *identities)
{
	if (!identities)
		return;
	free(identities->list);
	free(identities);
}

size_t http_identities_count(const struct http_identities *identities)
{
	return identities->count;
}

/* --- who it is ----------------------------------------------------------------------------- */

const struct http_identity *http_identities_by_hash(const struct http_identities *identities,
						    const unsigned char hash[HTTP_TOKEN_HASH_BYTES])
{
	const struct http_identity *found = NULL;

	for (size_t i = 0; i < identities->count; i++) {
		const struct http_identity *one = &identities->list[i];
		unsigned differs = 0;

		for (size_t k = 0; k < HTTP_TOKEN_HASH_BYTES; k++)
			differs |= (unsigned)(hash[k] ^ one->hash[k]);
		if (differs == 0 && !one->common_name[0])
			found = one;
	}
	return found;
}

const struct http_identity *http_identities_by_common_name(const struct http_identities *identities,
							   const char *common_name)
{
	for (size_t i = 0; i < identities->count; i++) {
		if (common_name[0] && strcmp(identities->list[i].common_name, common_name) == 0)
			return &identities->list[i];
	}
	return NULL;
}
