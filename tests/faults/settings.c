#include "tests/faults/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/strbuf.h"
#include "tests/faults/links.h"
#include "tools/order-clients/clients.h"

#define CLOCK_LIBRARY       "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
#define LONG_S              600   /* a run of that length sees the topic grow once more */
#define DRAIN_S             "120" /* until all is drained after the load */
#define DELAY_BY_ORDER      "-1"
#define DELAY_MS            5
#define DELAY_GAPS_MS       200 /* so that there are gaps */
#define ZOMBIES_DELAY_MS    4000
#define ZOMBIES_CONCURRENCY 1000
#define POOLER_OFFSET       3   /* of its port from PostgreSQL's */
#define REPLICA_OFFSET      100 /* of the second order-service's port */

static const char *const modes[] = { "keyed", "unkeyed", "growing", NULL };
static const char *const orders[] = { "partition", "key", "unordered", NULL };
/* By enum family; the last one is all of them. */
static const char *const families[FAMILY_COUNT + 2] = {
	"processes", "pauses", "logs",    "database",   "network", "disk",   "standby",
	"clock",     "pooler", "storage", "duplicates", "zombies", "rewind", "all"
};
static const char *const relays[] = { "idempotent", "transactional", NULL };
static const char *const brokers[] = { "1", "3", NULL };

#define PORT(name, field, fallback, help)                                                          \
	{                                                                                          \
		name, CONFIG_INT, CONFIG_PUBLIC, offsetof(struct settings, field), fallback, 1,    \
			65000, NULL, help                                                          \
	}

static const struct config_key keys[] = {
	{ "SEED", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct settings, seed), "1", 0, 999999999,
	  NULL, "decides about the faults and the operations" },
	{ "DURATION", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct settings, duration_s), "60", 5,
	  DURATION_MAX_S, NULL, "seconds under load" },
	{ "FAMILY", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct settings, family), "processes", 0,
	  0, families,
	  "what is broken; processes: killed, stopped, paused, more and fewer, sessions ended; "
	  "pauses: for longer than every timeout; logs: a log that nobody reads; database: it is "
	  "read-only, or commits hang; network: between the services and their servers, and among "
	  "brokers; "
	  "disk: of a server, full or failing; standby: PostgreSQL's takes over; clock: the "
	  "services' clocks jump; "
	  "pooler: pgbouncer is between, and restarted; storage: a broker loses its disk "
	  "(BROKERS=3); duplicates: messages come again; zombies: a replica comes back with work "
	  "for what it has lost, with PROCESSING_ORDER=key; rewind: PostgreSQL goes back to an old "
	  "state; all: all but rewind" },
	{ "MODE", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct settings, mode), "keyed", 0, 0,
	  modes,
	  "keyed: key = order id, four partitions from the start, SEQUENCING=off; unkeyed: no key, "
	  "partitions added under load, SEQUENCING=enforce; growing: key = order id, partitions "
	  "added under load, SEQUENCING=enforce" },
	{ "PROCESSING_ORDER", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct settings, order),
	  "partition", 0, 0, orders,
	  "of delivery-service; unordered by itself keeps no order, so keyed has "
	  "SEQUENCING=enforce then" },
	{ "BROKERS", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct settings, brokers_choice), "1",
	  0, 0, brokers, "Kafka brokers; 3: any of them is broken, two at a time too" },
	{ "RELAY", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct settings, transactional),
	  "idempotent", 0, 0, relays,
	  "of the services; transactional: an event that is on the topic twice, as consumers see "
	  "it "
	  "that read committed, is a violation, and none is produced again on purpose" },
	{ "CLIENTS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct settings, clients), "8", 1,
	  CLIENTS_MAX, NULL, "clients, with one operation at a time each" },
	{ "RATE", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct settings, rate), "100", 1, 100000,
	  NULL, "operations per second, of all clients together" },
	{ "DELIVERY_DELAY_MS", CONFIG_INT, CONFIG_PUBLIC,
	  offsetof(struct settings, delivery_delay_ms), DELAY_BY_ORDER, -1, 3600000, NULL,
	  "work of an event; -1: 5, and 200 with PROCESSING_ORDER=key and unordered, so that there "
	  "are gaps" },
	{ "MAX_CONCURRENCY", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct settings, max_concurrency),
	  "64", 1, 1000000, NULL, "of delivery-service" },
	PORT("ORDER_PORT", order_port, "8081", "first order-service; the second is 100 further"),
	PORT("DELIVERY_PORT", delivery_port, "8082", "first replica; the others count upwards"),
	PORT("KAFKA_PORT", kafka_port, "9092", "first broker; the others are 2 and 4 further"),
	PORT("PG_PORT", pg_port, "15432", "PostgreSQL"),
	{ "FAULTS_PORT", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct settings, first_port), "21000",
	  1024, 60000, NULL, "--each: first of 4,000 ports, instead of those above" },
	{ "KAFKA_TOPIC", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct settings, topic),
	  "kafka.scaling", 0, 0, NULL, "topic that carries the events" },
	{ "RUN_DIR", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct settings, run_dir), "", 0, 0, NULL,
	  "folder of the temporary stack, whose processes are broken" },
	{ "BUILD_DIR", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct settings, build_dir), "build", 0,
	  0, NULL, "where the services and verify-history are" },
	{ 0 },
};

const struct config_program settings_program = {
	.name = "faults",
	.summary = "a temporary stack under load, while a plan breaks it; then a verdict",
	.tables = (const struct config_table[]){ { .keys = keys }, { 0 } },
	.flags = "--plan|--each",
	.manner = "Runs as make faults does it, once; --plan: only shows what would be broken, and "
		  "when; --each: each family for DURATION, four at a time.",
	.exit_status = "0 no violation, 1 a violation, or it could not run, 2 bad settings.",
};

static void derive_growth(struct settings *s)
{
	static const int steps[] = { 2, 5, 7 };

	if (s->mode == MODE_KEYED)
		return;
	s->growth_count = s->duration_s < LONG_S ? 2 : 3;
	for (size_t i = 0; i < s->growth_count; i++)
		s->growth[i] = steps[i];
}

/* Work that takes long enough: who takes a partition over has not moved its position yet when the
 * one before comes back, with work that is done at once. */
static void derive_zombies(struct settings *s)
{
	s->order = ORDER_KEY;
	s->max_concurrency = ZOMBIES_CONCURRENCY;
	if (s->delivery_delay_ms < 0)
		s->delivery_delay_ms = ZOMBIES_DELAY_MS;
}

void settings_derive(struct settings *s)
{
	struct strbuf kafka = STRBUF_ON(s->kafka);

	s->brokers = s->brokers_choice == 0 ? 1 : BROKERS_MAX;
	s->families = s->family == FAMILY_COUNT ? FAMILY_BIT(FAMILY_REWIND) - 1
						: FAMILY_BIT(s->family);
	s->resequencing = s->mode != MODE_KEYED || s->order == ORDER_UNORDERED;
	derive_growth(s);
	if (s->family == FAMILY_ZOMBIES)
		derive_zombies(s);
	if (s->delivery_delay_ms < 0)
		s->delivery_delay_ms = s->order == ORDER_PARTITION ? DELAY_MS : DELAY_GAPS_MS;
	for (int i = 0; i < s->brokers; i++)
		strbuf_printf(&kafka, "%s127.0.0.1:%" PRId64, i ? "," : "", s->kafka_port + 2 * i);
	(void)snprintf(s->database_url, sizeof(s->database_url),
		       "postgresql://lab@127.0.0.1:%" PRId64 "/lab", s->pg_port);
	s->front_port = s->pg_port + (settings_has_pooler(s) ? POOLER_OFFSET : 0);
	s->order_ports[0] = (int)s->order_port;
	s->order_ports[1] = (int)s->order_port + REPLICA_OFFSET;
}

struct plan_conditions settings_conditions(const struct settings *s)
{
	return (struct plan_conditions){ .duration_ms = s->duration_s * 1000,
					 .brokers = s->brokers,
					 .own_mounts = geteuid() == 0,
					 .own_network = geteuid() == 0,
					 .clocks = access(CLOCK_LIBRARY, R_OK) == 0,
					 .repeats = !s->transactional,
					 .families = s->families,
					 .growth = s->growth,
					 .growth_count = s->growth_count };
}

const char *settings_family_name(const struct settings *s)
{
	return families[s->family];
}

const char *settings_mode_name(const struct settings *s)
{
	return modes[s->mode];
}

const char *settings_order_name(const struct settings *s)
{
	return orders[s->order];
}

bool settings_has_links(const struct settings *s)
{
	return s->families & FAMILY_BIT(FAMILY_NETWORK);
}

bool settings_has_pooler(const struct settings *s)
{
	return s->families & FAMILY_BIT(FAMILY_POOLER);
}

bool settings_has_disks(const struct settings *s)
{
	return s->families & FAMILY_BIT(FAMILY_DISK);
}

int settings_service_port(const struct settings *s, enum part part)
{
	if (part_is_order(part))
		return s->order_ports[part_index(part)];
	return part_is_delivery(part) ? (int)s->delivery_port + part_index(part) : 0;
}

part_set settings_services(int replicas)
{
	return parts_range(PART_ORDER, ORDERS) | parts_range(PART_DELIVERY, replicas);
}

part_set settings_servers(const struct settings *s)
{
	return PART_BIT(PART_POSTGRES) | parts_range(PART_KAFKA, s->brokers) |
	       (settings_has_pooler(s) ? PART_BIT(PART_POOLER) : 0);
}

static void put(const char *name, const char *value)
{
	(void)setenv(name, value, 1);
}

static void put_number(const char *name, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	put(name, text);
}

static void put_built(const struct settings *s, const char *name, const char *file)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/tests/%s", s->build_dir, file);
	put(name, path);
}

/* See wrapper/main.c. Without its lines a log fills no pipe. */
static void export_families(const struct settings *s)
{
	put_built(s, "SERVICE_WRAPPER", "faults-wrapper");
	put_built(s, "SERVER_WRAPPER", "faults-wrapper");
	if (s->families & FAMILY_BIT(FAMILY_LOGS)) {
		put("FAULTS_LOG_PIPE", "1");
		put("LOG_LEVEL", "debug");
	}
	if (settings_has_pooler(s))
		put_number("FAULTS_POOLER_PORT", s->front_port);
	if (s->families & FAMILY_BIT(FAMILY_CLOCK))
		put("FAULTS_CLOCK", CLOCK_LIBRARY);
	if (settings_has_disks(s))
		put_built(s, "FAULTS_DISK", "faults-disk.so");
	if (settings_has_links(s)) {
		if (geteuid() == 0)
			put("FAULTS_PEERS", "1");
		put("FAULTS_LINKS", "1");
		put("KAFKA_PROXIED", LINKS_NUMBERS);
	}
}

void settings_export(const struct settings *s)
{
	char text[4096];

	put_number("BROKERS", s->brokers);
	put_number("KAFKA_CONTROLLER_PORT", s->kafka_port + CONTROLLER_OFFSET);
	put_number("PARTITIONS", s->mode == MODE_KEYED ? 4 : 1);
	put_number("DELIVERY_DELAY_MS", s->delivery_delay_ms);
	put_number("MAX_CONCURRENCY", s->max_concurrency);
	put("PROCESSING_ORDER", settings_order_name(s));
	put("EVENT_KEY", s->mode == MODE_UNKEYED ? "none" : "order-id");
	put("SEQUENCING", s->resequencing ? "enforce" : "off");
	put("BUILD_DIR", s->build_dir);
	put("KAFKA_BOOTSTRAP_SERVERS", s->kafka);
	put("DATABASE_URL", s->database_url);
	put("WAIT", DRAIN_S);
	put("RELAY", relays[s->transactional]);
	export_families(s);
	(void)snprintf(text, sizeof(text), "%s/pgpass", s->run_dir);
	put("PGPASSFILE", text);
	(void)snprintf(text, sizeof(text), "%s/acks.txt", s->run_dir);
	put("ACKS", text);
}
