/*
 * A statement's parameters read back from PostgreSQL's binary format, and its result made.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_ARGS_H
#define TESTS_SIMULATION_SIM_ARGS_H

#include "tests/simulation/sim_server.h"

/* Parameters count from 1, as in the SQL. */
int64_t sim_args_number(const struct sim_call *call, int parameter);
struct sim_text sim_args_text(const struct sim_call *call, int parameter);

int sim_args_count(const struct sim_call *call, int parameter);
int64_t sim_args_number_at(const struct sim_call *call, int parameter, int i);
/* The place of the next greater one than after, of an array of numbers; -1: there is none. */
int sim_args_next(const struct sim_call *call, int parameter, int64_t after);
/* Copied: memory of the world. */
struct sim_text sim_args_text_at(const struct sim_call *call, int parameter, int i);
int64_t sim_args_wall_ms_at(const struct sim_call *call, int parameter, int i);

/* True if the statement's text has that clause: so a mutant of the SQL is one of the model. */
bool sim_args_says(const struct sim_call *call, const char *clause);

PGresult *sim_args_result(int columns);
void sim_args_put_number(PGresult *result, int row, int column, int64_t value);
void sim_args_put_text(PGresult *result, int row, int column, struct sim_text text);

bool sim_args_same_text(struct sim_text a, struct sim_text b);
int64_t sim_args_hash(struct sim_text text);

#endif
