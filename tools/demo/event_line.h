/*
 * A message of the topic as a line for a reader; where that does not fit, as two.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_DEMO_EVENT_LINE_H
#define TOOLS_DEMO_EVENT_LINE_H

#include "tools/demo/screen.h"
#include "tools/demo/seen_event.h"

void event_line_show(struct screen *screen, const struct seen_event *event);

/* What the colours mean; nothing where there are none. */
void event_line_legend(struct screen *screen);

#endif
