/*
 * What is said, in the reader's language: a table of texts for each, made part of the program. The
 * terms and sentences that the live page has too are the page's own (tools/page/static): no text
 * stands in both tables.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_DEMO_CATALOGUE_H
#define TOOLS_DEMO_CATALOGUE_H

#include "common/base/strbuf.h"

enum catalogue_language { CATALOGUE_EN, CATALOGUE_KO };

struct catalogue;

/* The language of the environment, as POSIX has it: the first of LC_ALL, LC_MESSAGES and LANG that
 * is not empty. locale: what stood there before a script set its own; NULL: nobody did. */
enum catalogue_language catalogue_of_locale(const char *locale, const char *lc_all,
					    const char *lc_messages, const char *lang);

/* NULL: out of memory. */
struct catalogue *catalogue_open(enum catalogue_language language);
void catalogue_close(struct catalogue *catalogue);

/* Borrowed from the catalogue; the key itself where there is no such text. */
const char *catalogue_text(const struct catalogue *catalogue, const char *key);

/* Appends the text with its {names} filled in: pairs of a name and its value, ended by NULL. A key
 * that counts has a .one and an .other instead; the first pair is the count then. */
void catalogue_add_list(const struct catalogue *catalogue, struct strbuf *out, const char *key,
			const char *const *pairs);
#define catalogue_add(catalogue, out, key, ...)                                                    \
	catalogue_add_list(catalogue, out, key, (const char *const[]){ __VA_ARGS__ })

#endif
