/*
 * The page's files, which are part of the program.
 *
 * Threads: any.
 */
#ifndef TOOLS_PAGE_ASSETS_H
#define TOOLS_PAGE_ASSETS_H

#include <stddef.h>

struct asset {
	const char *path; /* "/page.js" */
	const char *content_type;
	const char *content;
	size_t len;
};

/* NULL: there is no such file. "/" is the page. */
const struct asset *assets_find(const char *path);

#endif
