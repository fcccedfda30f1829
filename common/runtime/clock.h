/*
 * The two clocks. Durations and deadlines use clock_mono_ms only; wall time only ever leaves the
 * process (events, logs, SQL).
 *
 * Threads: any.
 */
#ifndef COMMON_RUNTIME_CLOCK_H
#define COMMON_RUNTIME_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
int64_t clock_wall_ms(void); /* since 1970-01-01 UTC */
int64_t clock_wall_us(void); /* for spans */

#define CLOCK_TEXT_SIZE 25 /* 2026-01-02T03:04:05.678Z and the NUL */
/* Before 1970 or after 9999, which a message of a foreign producer may say: "no valid time". */
void clock_format_utc(int64_t wall_ms, char text[CLOCK_TEXT_SIZE]);

/* The point of CLOCK_MONOTONIC in ms from now, for what waits until then. */
struct timespec clock_after_ms(int64_t ms);

/* Blocks for ms; for retry loops of a thread that has nothing else to wait for. */
void clock_pause_ms(int64_t ms);

#endif
