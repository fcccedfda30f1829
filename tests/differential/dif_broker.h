/*
 * What the driver of the Kafka calls does behind the modules' backs, in either world: topics that
 * are made and changed, and what another client of the brokers sees.
 *
 * Threads: one.
 */
#ifndef TESTS_DIFFERENTIAL_DIF_BROKER_H
#define TESTS_DIFFERENTIAL_DIF_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/kafka/kafka_settings.h"

#define DIF_PARTITIONS 6 /* at most, of a topic */

/* Runs body(argument), and the process ends with 0. */
void dif_broker_run(uint64_t seed, void (*body)(void *argument), void *argument);

/* How to reach them; the name of a topic, a group or an id that no other round has: a word of at
 * most 20 letters with something before it. */
const char *dif_broker_servers(void);
const char *dif_broker_name(const char *word);

void dif_broker_create(const char *topic, int32_t partitions, bool compacted);
/* The topic with its records is gone; another one has its name. */
void dif_broker_recreate(const char *topic, int32_t partitions);
void dif_broker_add_partitions(const char *topic, int32_t count);
/* What lies before the offset is deleted. */
void dif_broker_delete_records(const char *topic, int32_t partition, int64_t before);

struct dif_ends {
	int64_t start, stable, end; /* stable: what who reads committed is given ends there */
};
struct dif_ends dif_broker_ends(const char *topic, int32_t partition);

/* The offset that Kafka has of the group; -1: none. */
int64_t dif_broker_committed(const char *group, const char *topic, int32_t partition);

#endif
