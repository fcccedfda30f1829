/*
 * Reads Prometheus text (exposition format 0.0.4), as the services write it. Pure.
 *
 * Threads: any.
 */
#ifndef TOOLS_PAGE_EXPOSITION_H
#define TOOLS_PAGE_EXPOSITION_H

#include <stdbool.h>

/* The sum of all samples of name whose labels hold each of the label texts ("route=\"/orders\"");
 * labels NULL: all. False: there is none. */
bool exposition_sum(const char *text, const char *name, const char *label, double *sum);

/* Calls take for each sample of name; labels is what stands between the braces, "" without. */
void exposition_each(const char *text, const char *name,
		     void (*take)(void *context, const char *labels, double value), void *context);

#endif
