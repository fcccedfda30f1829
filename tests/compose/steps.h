/*
 * The steps, each in the file of its name. A step begins with its own data and leaves the project
 * down; after an error, main does.
 *
 * Threads: main only.
 */
#ifndef TESTS_COMPOSE_STEPS_H
#define TESTS_COMPOSE_STEPS_H

#include "tests/compose/run.h"

/* What is in our images, and what their containers may do. */
enum status images_step(struct run *run, struct error *err);

/* The ordering lab with two delivery-services, unkeyed and keyed. */
enum status lab_step(struct run *run, struct error *err);

/* Under load, more and fewer replicas, and each container killed and started again. */
enum status kills_step(struct run *run, struct error *err);

/* Three brokers under load: the leader of a partition is killed and comes back, then two of three.
 */
enum status brokers_step(struct run *run, struct error *err);

/* TLS and identities at each door, with deploy/docker/secure.yml. */
enum status secure_step(struct run *run, struct error *err);

/* Prometheus finds every replica, and Kafka by its agent. */
enum status monitoring_step(struct run *run, struct error *err);

/* deploy/docker/stack.yml on a swarm of this one node. */
enum status swarm_step(struct run *run, struct error *err);

/* Takes the stack, its data and secrets, and the swarm away; nothing without them. */
void swarm_close(struct run *run);

#endif
