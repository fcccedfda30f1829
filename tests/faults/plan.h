/*
 * What is broken, and when: a list that the seed decides, drawn before anything runs. Pure: it
 * knows neither what a kind of fault does nor whether it came true.
 *
 * The random numbers are splitmix64's, from the state that is the seed. They are drawn in this
 * order, for each fault: the kind, by the weights of the kinds of the families that apply; the
 * victim, where there are several; the amount; whether the next fault comes within a second (20 of
 * 100); and when. A kind whose victim is not likely to be whole again is drawn again, up to twenty
 * times. So a plan depends on the seed, the duration, the conditions and the table of kinds, and on
 * nothing else.
 *
 * Threads: any.
 */
#ifndef TESTS_FAULTS_PLAN_H
#define TESTS_FAULTS_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/strbuf.h"
#include "tests/faults/parts.h"

#define PLAN_REPLICAS_AT_FIRST 2

struct fault_job;

/* What a kind of fault belongs to. A run plays those of one family, or of all. */
enum family {
	FAMILY_PROCESSES,  /* killed, stopped, paused; sessions; numbers of replicas and partitions
			    */
	FAMILY_PAUSES,     /* for longer than every timeout */
	FAMILY_LOGS,       /* that nobody reads */
	FAMILY_DATABASE,   /* that takes no writes */
	FAMILY_NETWORK,    /* between the services and their servers, and among the brokers */
	FAMILY_DISK,       /* of a server: full, or failing */
	FAMILY_STANDBY,    /* PostgreSQL's, synchronous: it takes over */
	FAMILY_CLOCK,      /* of the services: jumps */
	FAMILY_POOLER,     /* pgbouncer, between the services and PostgreSQL */
	FAMILY_STORAGE,    /* a broker that has lost its disk; with three brokers */
	FAMILY_DUPLICATES, /* messages come again */
	FAMILY_ZOMBIES,    /* a replica comes back with work for a partition that it has lost */
	FAMILY_REWIND,     /* a database that goes back: what it had acknowledged is lost */
	FAMILY_COUNT,
};

#define FAMILY_BIT(family) (1u << (family))

/* What a plan is drawn for. */
struct plan_conditions {
	int64_t duration_ms;
	int brokers;
	bool own_mounts;   /* disks can be full */
	bool own_network;  /* packets between brokers can be dropped */
	bool clocks;       /* of the services can jump */
	bool repeats;      /* messages may come again on the topic */
	unsigned families; /* a set: bit i stands for family i */
	const int *growth; /* numbers of partitions that the topic gets, at equal distances */
	size_t growth_count;
};

enum victim {
	VICTIM_ORDER,    /* one of the order-services */
	VICTIM_RELAY,    /* the order-service that publishes: known only when it is broken */
	VICTIM_DELIVERY, /* one of the replicas */
	VICTIM_KAFKA,    /* one of the brokers */
	VICTIM_POSTGRES,
	VICTIM_POOLER,
	VICTIM_REPLICAS, /* all places of replicas */
	VICTIM_TOPIC,
};

/* What a fault's number says. */
enum amount {
	AMOUNT_MS,         /* how long it lasts */
	AMOUNT_MESSAGES,   /* how many messages */
	AMOUNT_SESSION,    /* decides which session */
	AMOUNT_REPLICAS,   /* how many there are then; another number than before */
	AMOUNT_PARTITIONS, /* likewise, of the topic; never drawn by weight */
};

/* A kind of fault: a row of the table. */
struct fault_kind {
	const char *name;
	enum family family;
	enum victim victim;
	uint32_t weight;
	enum amount amount;
	int32_t min, max; /* of the amount; with AMOUNT_MS in steps of 10 */
	/* Whether there may be such a fault at all; NULL: always. */
	bool (*applies)(const struct plan_conditions *conditions);
	/* Breaks it. False: there was nothing to break, or it needs no healing. */
	bool (*carry_out)(struct fault_job *job);
	/* Makes it whole again when the time is over. NULL: it becomes so by itself. */
	void (*heal)(struct fault_job *job);
	part_set towards; /* servers, of a kind that breaks the network between */
};

struct fault {
	int64_t at_ms; /* since the load began */
	const struct fault_kind *kind;
	part_set parts; /* that it breaks */
	int32_t number; /* see enum amount */
};

struct plan {
	struct fault *faults; /* by time; owned */
	size_t count;
};

/* kinds is borrowed as long as the plan lives. plan_fini frees it. */
MUST_CHECK enum status plan_draw(struct plan *plan, const struct fault_kind *kinds,
				 size_t kind_count, uint64_t seed,
				 const struct plan_conditions *conditions, struct error *err);
void plan_fini(struct plan *plan);

/* A line for a reader, with its end. */
void plan_describe(const struct fault *fault, struct strbuf *out);

#endif
