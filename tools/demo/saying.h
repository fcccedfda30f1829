/*
 * One text of the catalogue for a script, which has none of its own.
 *
 * Threads: main.
 */
#ifndef TOOLS_DEMO_SAYING_H
#define TOOLS_DEMO_SAYING_H

#include <stdio.h>

#include "common/base/error.h"
#include "tools/demo/catalogue.h"

/* asked: the text's key, then NAME=VALUE for its places to fill in, a line each. ST_INVALID: too
 * much of it. */
MUST_CHECK enum status saying_print(const struct catalogue *texts, const char *asked, FILE *out,
				    struct error *err);

#endif
