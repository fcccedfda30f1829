/*
 * Names of settings: which of them nothing knows, and what was probably meant. Pure.
 *
 * Threads: any.
 */
#ifndef TOOLS_PREFLIGHT_NAMES_H
#define TOOLS_PREFLIGHT_NAMES_H

#include "common/base/strbuf.h"

/* A line for each name of given that is not in known; both are lists, separated by blanks. Returns
 * how many there are. */
int names_tell_unknown(const char *given, const char *known, struct strbuf *out);

#endif
