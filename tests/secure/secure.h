/*
 * A stack with SECURE=1 under test: where it is, whose secrets are where, and what was found. What
 * is expected goes on one line each, also where it holds.
 *
 * Threads: one.
 */
#ifndef TESTS_SECURE_SECURE_H
#define TESTS_SECURE_SECURE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

struct secure {
	const char *run_dir, *build_dir, *kafka, *topic;
	int64_t order_port, delivery_port, page_port, pg_port;
	int expected, failed;
};

void secure_expect(struct secure *secure, bool good, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A file below RUN_DIR; in the arena. */
const char *secure_path(const struct secure *secure, const char *name);

/* A setting that the stack gives to the program: KAFKA_CONF of "page"; in the arena. */
const char *secure_setting(const struct secure *secure, const char *program, const char *name);

/* A client of Kafka with these properties (KAFKA_CONF), which says nothing by itself. group NULL: a
 * producer. */
rd_kafka_t *secure_client(const struct secure *secure, const char *properties, const char *group);

/* Whether a door opens to who trusts the CA of one folder below RUN_DIR and shows the page's
 * certificate of another (NULL: none). Kafka: a refusal takes 3 s. order-service: the status of its
 * answer, 0 without one. PostgreSQL: why it does not, "" if it does; in the arena. */
bool door_kafka(const struct secure *secure, const char *trusted, const char *shown);
int door_https(const struct secure *secure, const char *trusted, const char *shown);
bool door_page(const struct secure *secure, const char *trusted); /* whoever comes */
const char *door_postgres(const struct secure *secure, const char *trusted);

/* The history checker finds nothing. acks: a file below RUN_DIR of what clients were promised;
 * NULL: none. */
bool secure_verify(const struct secure *secure, const char *acks);

/* What each part of the test expects. */
void doors_expect(struct secure *secure);    /* nobody comes in without what a door asks for */
void rotation_expect(struct secure *secure); /* the CA is exchanged, and all goes on */
void rights_expect(struct secure *secure);   /* who is in may do what is theirs, and nothing else */
void orders_expect(struct secure *secure);   /* all goes its way for who may */
void secrets_expect(struct secure *secure);  /* no secret shows */

#endif
