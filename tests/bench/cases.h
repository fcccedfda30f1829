/*
 * The cases of the benchmarks. Each measures b->repeat times; figures.json says what its figures
 * are.
 *
 * Threads: one.
 */
#ifndef TESTS_BENCH_CASES_H
#define TESTS_BENCH_CASES_H

#include "tests/bench/bench.h"

/* POST /orders with keep-alive clients, a thread for each, the relay publishing all the while,
 * against pgbench, which has as many clients insert the same order and outbox row, one commit for
 * each. A hard reference: pgbench speaks to PostgreSQL directly, in one statement, with no HTTP, no
 * relay beside it, and its outbox has no trigger that wakes a relay. */
void case_orders(struct bench *b);

/* Six thousand keep-alive clients at once, by hey, against order-service's default settings. */
void case_clients(struct bench *b);

/* A steady load with everything running: orders at 5,000 a second, their events, their deliveries.
 * The checker then compares the topic and the tables with what the clients were promised. */
void case_steady(struct bench *b);

/* From a POST until its delivery is in the database, at low load: orders one after the other, the
 * row asked for every 0.2 ms. */
void case_visible(struct bench *b);

/* A full outbox onto the topic, idempotent and transactional, against Kafka's own
 * kafka-producer-perf-test with messages of the same size (payload, key and headers together) and
 * the same guarantees. */
void case_relay(struct bench *b);

/* Both services: from exec until /readyz is 200, with database and broker there; resident memory
 * when idle; processor time that idling takes. */
void case_start(struct bench *b);

/* A backlog on the topic into the database, exactly once, with history, and the Delivery* events
 * published. Against a bare loop of the same SQL, without Kafka, and against a plain consumer
 * without a database. */
void case_backlog(struct bench *b);

/* Key order: orders with three events each, a long work on each modification. Events of one order
 * wait for each other, those of different orders do not; the history checker proves every order's
 * history each time. The ideal is one work's time and
 * that of the same SQL in a bare loop. */
void case_key(struct bench *b);

/* Is the delivery path as fast with large tables as with empty ones? The same backlog on top of
 * more and more rows. Not in the default run: it takes long and some GB. */
void case_growth(struct bench *b);

/* The same backlog on topics of 4, 1, 100 and 1,000 partitions, one replica: how fast it is put
 * there, applied and published, in how much memory, and what the idle replica takes of a processor
 * afterwards. */
void case_partitions(struct bench *b);

/* Twenty replicas of delivery-service on twenty partitions, and 32 order-services on one outbox,
 * each beside one alone: what do many cost where none of them is needed? The checker judges each.
 */
void case_scale(struct bench *b);

/* A replica joins while events flow through eight partitions: how long does a partition that stays
 * with its owner stand still, and how long one that moves? The reference is the longest pause
 * before, when nobody joined. */
void case_join(struct bench *b);

/* One of two replicas gets kill -9 while events flow through eight partitions: when has the other
 * one applied an event of each of its partitions? */
void case_takeover(struct bench *b);

/* delivery-service beside consumers that others write (tests/bench/peers): key order, hot keys, an
 * instance that joins and one that is killed. Not in the default run: it fetches them. */
void case_peers(struct bench *b);

/* What TLS costs order-service: its processor time for an order by HTTP and by HTTPS, with an ECDSA
 * key, with a token, with an RSA key, in turns; connections kept, and one for each order. */
void case_tls(struct bench *b);

#endif
