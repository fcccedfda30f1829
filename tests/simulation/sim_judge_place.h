/*
 * Judges the places of the topic: which events lie where, and whether each is finished: applied,
 * parked, a dead letter, or deleted before anybody read it, which a service has said in its log.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_JUDGE_PLACE_H
#define TESTS_SIMULATION_SIM_JUDGE_PLACE_H

#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_topic.h"

/* Both are borrowed. */
void sim_judge_place_begin(const struct sim_topic *topic, const struct sim_database *database);

/* Whether the row is the effect of the event that lies at its place. */
bool sim_judge_place_is_of(const struct sim_row *row);

/* Whether it is that of an event of the log before this one, which may have been parked since. */
bool sim_judge_place_is_of_old(const struct sim_row *row);

/* All from offset to end - 1 is finished, as the session sees it; what says so covers it. */
void sim_judge_place_covered(const struct sim_session *session, int64_t partition, int64_t from,
			     int64_t end, const char *what);

/* The log of the partition is deleted, and another one begins. Deliveries have come, or may come,
 * up to read: as long as the position has not gone back, what is before that in the new log may be
 * missed. */
void sim_judge_place_recreated(int32_t partition, int64_t read);
/* A message is on the topic. */
void sim_judge_place_appended(const struct sim_message *message);
/* It may be read again, since the log has it twice, or something before it. */
bool sim_judge_place_comes_again(int64_t partition, int64_t offset);
/* The position goes back to there. False: it must not, the log is the same, and goes on there. */
bool sim_judge_place_goes_back(int64_t partition, int64_t to);

/* A record of a service's log. */
void sim_judge_place_logged(const char *who, const char *msg, const char *fields);
/* Whether an event of the order was lost so, or that version. */
bool sim_judge_place_lost_any(int64_t order);
bool sim_judge_place_lost(int64_t order, int64_t version);

/* A dead letter, a row of the outbox, is committed; is forgotten. */
void sim_judge_place_letter(const struct sim_value *row);
void sim_judge_place_forget_letter(const struct sim_value *row);

#endif
