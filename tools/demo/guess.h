/*
 * What a reader's answer predicts. Pure.
 *
 * Threads: any.
 */
#ifndef TOOLS_DEMO_GUESS_H
#define TOOLS_DEMO_GUESS_H

/* The status that the answer means: static; NULL: it is neither m nor c, nor one of the words. */
const char *guess_status(const char *answer);

#endif
