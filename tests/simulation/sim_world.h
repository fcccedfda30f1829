/*
 * The simulated world of one run: its time, what will happen in it, its random numbers, its trace.
 *
 * There is one world a process: the modules that are replaced (clock, pg, kafka, log) have no
 * argument to find another by. A run is a process of its own, so most memory is never given back.
 *
 * Invariant: nothing in it depends on an address, a file, the real time or another thread: the
 * same seed and plan give the same trace.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_WORLD_H
#define TESTS_SIMULATION_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/simulation/sim_random.h"

#if defined(__SANITIZE_ADDRESS__)
#define SIM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIM_ASAN 1
#endif
#endif

#define SIM_MS ((int64_t)1000)    /* in us, the world's unit of time */
#define SIM_S  ((int64_t)1000000) /* likewise */

void sim_world_begin(uint64_t seed, bool verbose);

int64_t sim_world_now_us(void);
int64_t sim_world_wall_ms(void); /* of the servers; a node's may be another */
struct sim_random *sim_world_random(void);

/* happens(argument) is called at that time; of two at the same time the first that was said. */
typedef void sim_world_event(void *argument);
void sim_world_at(int64_t at_us, sim_world_event *happens, void *argument);

/* Lets things happen until that time, or until a violation. */
void sim_world_run(int64_t until_us);

/* One line of the trace: part of the hash, kept for whoever looks at a violation. */
void sim_world_trace(const char *who, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
uint64_t sim_world_hash(void);
void sim_world_print_trace(void); /* the latest lines, on stdout */

/* What must not be. The first one ends the run, with its text. */
void sim_world_violation(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *sim_world_violated(void); /* NULL: nothing */

/* Memory of the run, zeroed: nobody frees it. */
void *sim_world_memory(size_t size);
void *sim_world_copy(const void *bytes, size_t len); /* with a NUL behind it */
/* Likewise, and who has it calls free(). */
void *sim_world_loan(size_t size);
void *sim_world_loan_of(const void *bytes, size_t len);

#endif
