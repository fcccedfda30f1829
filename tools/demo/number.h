/*
 * Numbers as text, for the places in a sentence.
 *
 * Threads: any; values only.
 */
#ifndef TOOLS_DEMO_NUMBER_H
#define TOOLS_DEMO_NUMBER_H

#include <stdint.h>

#define NUMBER_SIZE 24

const char *number_text(char buffer[NUMBER_SIZE], int64_t value);

/* With one decimal, cut off: "9.8"; whole seconds without: "10". */
const char *number_seconds(char buffer[NUMBER_SIZE], int64_t ms);

/* The same in a buffer that lives as long as the block. */
#define NUMBER(value) number_text((char[NUMBER_SIZE]){ "" }, (value))
#define SECONDS(ms)   number_seconds((char[NUMBER_SIZE]){ "" }, (ms))

#endif
