/*
 * Which ports are taken on this machine, and by whom, from the kernel's tables. A stack listens on
 * 127.0.0.1: what listens there or on any address is in its way.
 *
 * Threads: any.
 */
#ifndef TOOLS_PREFLIGHT_PORTS_H
#define TOOLS_PREFLIGHT_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/strbuf.h"

#define PORTS_MAX 512

/* A port that a stack wants. */
struct ports_wanted {
	char setting[64]; /* moves it: ORDER_PORT */
	char what[64];    /* uses it: order-service 2 */
	int port;
	bool taken;
};

struct ports {
	struct ports_wanted at[PORTS_MAX];
	int count;
	uint8_t listening[65536 / 8]; /* a bit for each port that something listens on */
};

/* Reads "SETTING:PORT:WHAT", comma separated. False: it is not of that form, or too long. */
bool ports_parse(struct ports *ports, const char *text);

/* Looks at the kernel's tables: which ports are taken. */
void ports_look(struct ports *ports);

/* What is taken, by whom, and what to set, in one line; nothing if all is free. Returns how many
 * are taken. */
int ports_tell(const struct ports *ports, struct strbuf *out);

#endif
