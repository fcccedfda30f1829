/*
 * Topics made, altered, deleted and described. Each call waits for the brokers' answer, for a
 * bounded time.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_TOPICS_ADMIN_H
#define TOOLS_TOPICS_ADMIN_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/kafka/kafka_settings.h"
#include "tools/topics/acl_list.h"

struct admin;

struct admin_topic {
	const char *name;
	int partitions;
	int replicas;                /* 0: as many as the brokers give a topic by themselves */
	const char *const *settings; /* name, value, ..., NULL; NULL: the brokers' own */
};

/* ST_UNAVAILABLE: no broker answers. settings->topic is not looked at. */
MUST_CHECK enum status admin_open(struct admin **out, const struct kafka_settings *settings,
				  struct error *err);
void admin_close(struct admin *admin);

/* How many partitions the topic has; 0: there is no such topic. */
MUST_CHECK enum status admin_partitions(struct admin *admin, const char *topic, int *count,
					struct error *err);

/* Makes what is not there yet. made says whether it made it. With a number of replicas a write
 * needs all of them but one: else the loss of any broker stops some partitions. */
MUST_CHECK enum status admin_create(struct admin *admin, const struct admin_topic *topic,
				    bool *made, struct error *err);

/* The topic has that many partitions from now on. ST_CONFLICT: it has more. ST_NOT_FOUND: it is
 * not there. */
MUST_CHECK enum status admin_alter(struct admin *admin, const char *topic, int partitions,
				   struct error *err);

/* The topic is gone; one that is not there is no error. */
MUST_CHECK enum status admin_delete(struct admin *admin, const char *topic, struct error *err);

/* Allows what the list says, from any host; what is allowed already stays so. Transactional ids are
 * left out where librdkafka does not know them. ST_UNAVAILABLE: the brokers refuse it. */
MUST_CHECK enum status admin_allow(struct admin *admin, const struct acl_list *list,
				   struct error *err);

/* Prints the topic's partitions with their leaders and replicas, a line each; then
 * picture_show. */
MUST_CHECK enum status admin_describe(struct admin *admin, const char *topic, struct error *err);

#endif
