/*
 * What can be broken: the processes of the stack, by the names of their pid files, and the topic.
 * Pure.
 *
 * Threads: any.
 */
#ifndef TESTS_FAULTS_PARTS_H
#define TESTS_FAULTS_PARTS_H

#include <stdbool.h>

#define ORDERS       2 /* order-services */
#define REPLICAS_MAX 3 /* of delivery-service */
#define BROKERS_MAX  3

enum part {
	PART_ORDER, /* the first order-service */
	PART_DELIVERY = PART_ORDER + ORDERS,
	PART_KAFKA = PART_DELIVERY + REPLICAS_MAX,
	PART_POSTGRES = PART_KAFKA + BROKERS_MAX,
	PART_POOLER,
	PART_TOPIC,
	PART_COUNT,
};

/* A set of parts: bit i stands for part i. */
typedef unsigned part_set;

#define PART_BIT(part) (1u << (part))

/* So many parts from the first one on. */
part_set parts_range(enum part first, int count);

const char *part_name(enum part part);

/* PART_COUNT: no part has that name. */
enum part part_find(const char *name);

/* A number of the part's own, for what a run gives to each: the last byte of a service's addresses
 * (see links.h), a broker's group (see groups.h). */
int part_number(enum part part);

bool part_is_order(enum part part);
bool part_is_delivery(enum part part);
bool part_is_kafka(enum part part);

/* Of those of its kind, from 0. */
int part_index(enum part part);

/* The one part of a set that has one, else the first. */
enum part parts_first(part_set parts);

#endif
