/*
 * A reader who sets the pace: PACE=enter. Each wait ends with Enter, and a scenario begins with the
 * reader's prediction. Without that, nothing of it is shown or asked.
 *
 * Threads: main.
 */
#ifndef TOOLS_DEMO_PACE_H
#define TOOLS_DEMO_PACE_H

#include "tools/demo/lab.h"

/* Waits for Enter. ST_UNAVAILABLE: stopped, or the input has ended. */
MUST_CHECK enum status pace_wait(struct lab *lab, struct error *err);

/* The status that the reader says the delivery will have: static; NULL: nobody is asked. */
MUST_CHECK enum status pace_predict(struct lab *lab, const char **guess, struct error *err);

/* Says whether the prediction was right. */
void pace_judge(struct lab *lab, const char *guess, const char *status);

#endif
