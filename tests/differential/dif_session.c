#include "tests/differential/dif_session.h"

#include <string.h>

#include "common/outbox/outbox.h"
#include "common/outbox/relay_backlog.h"
#include "common/outbox/relay_lease.h"
#include "common/outbox/relay_sleep.h"
#include "common/outbox/relay_store.h"
#include "common/service/service_config.h"
#include "delivery-service/store/delivery_store.h"
#include "order-service/order_store.h"
#include "tests/differential/dif_world.h"

static const struct pg_statement *const relay_tables[] = {
	relay_store_statements,
	relay_lease_statements,
	relay_backlog_statements,
	relay_sleep_statements,
	NULL,
};
static const struct pg_statement *const order_tables[] = { order_store_statements,
							   outbox_statements, NULL };

static const struct kind {
	const char *role, *schema, *application;
	const struct pg_statement *const *tables;
} kinds[] = {
	[DIF_DELIVERY] = { "delivery_service", SERVICE_SCHEMA_DELIVERY, "deliveries",
			   delivery_store_tables },
	[DIF_DELIVERY_RELAY] = { "delivery_service", SERVICE_SCHEMA_DELIVERY, "relay",
				 relay_tables },
	[DIF_ORDERS] = { "order_service", SERVICE_SCHEMA_ORDERS, "orders", order_tables },
	[DIF_ORDERS_RELAY] = { "order_service", SERVICE_SCHEMA_ORDERS, "relay", relay_tables },
};

static const struct {
	const char *name;
	enum dif_role role;
} all[DIF_SESSIONS] = {
	{ "D0", DIF_DELIVERY },       { "D1", DIF_DELIVERY },       { "D2", DIF_DELIVERY },
	{ "R0", DIF_DELIVERY_RELAY }, { "R1", DIF_DELIVERY_RELAY }, { "O0", DIF_ORDERS },
	{ "O1", DIF_ORDERS },         { "Q0", DIF_ORDERS_RELAY },
};

void dif_session_open_all(struct dif_session sessions[DIF_SESSIONS])
{
	for (int i = 0; i < DIF_SESSIONS; i++) {
		const struct kind *kind = &kinds[all[i].role];
		const struct pg_config config = { dif_world_url(kind->role), kind->application,
						  kind->schema, kind->tables };
		struct dif_session *s = &sessions[i];
		struct error err;

		memset(s, 0, sizeof(*s));
		s->role = all[i].role;
		s->caller = (struct dif_caller){ .name = all[i].name,
						 .application = kind->application,
						 .topic = "topic" };
		if (pg_open(&s->pg, &config, &err) != ST_OK)
			dif_world_fail("%s: %s", s->caller.name, err.msg);
	}
}

bool dif_session_is_relay(const struct dif_session *s)
{
	return s->role == DIF_DELIVERY_RELAY || s->role == DIF_ORDERS_RELAY;
}

const char *dif_session_schema(const struct dif_session *s)
{
	return kinds[s->role].schema;
}

/* --- what it does next --------------------------------------------------------------------- */

static const char *const loads[] = {
	"batch_advance",      "batch_advance", "batch_lock_orders",
	"batch_orders",       "batch_seen",    "batch_seen_plain",
	"batch_first_parked", "batch_skipped", "batch_fetch_parked",
};
static const char *const saves[] = {
	"batch_insert", "batch_insert",       "batch_update",       "batch_update",
	"batch_record", "batch_park",         "batch_record_plain", "batch_unpark",
	"batch_park",   "batch_clear_ranges", "batch_put_ranges",   "outbox_insert",
};
static const char *const stores[] = {
	"store_claim",     "store_claim",         "store_ranges",
	"store_positions", "store_rewind",        "store_reread",
	"store_resumable", "store_resumable_all", "store_resumable_skipped",
	"store_parked",    "write_probe",
};
static const char *const asks[] = { "orders_by_key", "orders_lock", "orders_ids" };
static const char *const writes[] = { "orders_update", "outbox_insert", "orders_insert" };
static const char *const relays[] = {
	"relay_fetch",   "relay_fetch", "relay_delete",  "relay_move_to_dead",
	"relay_backlog", "relay_lock",  "relay_unlock",  "relay_writers",
	"lease_rivals",  "lease_renew", "lease_release",
};

#define PICK(list, random)                                                                         \
	((list)[sim_random_below((random), (int64_t)(sizeof(list) / sizeof((list)[0])))])

static void add(struct dif_session *s, const char *name, struct sim_random *random)
{
	dif_step_add(&s->step, name, random, &s->caller);
}

static const char *any_load(const struct dif_session *s, struct sim_random *random)
{
	return s->role == DIF_ORDERS ? PICK(asks, random) : PICK(loads, random);
}

static const char *any_save(const struct dif_session *s, struct sim_random *random)
{
	return s->role == DIF_ORDERS ? PICK(writes, random) : PICK(saves, random);
}

static void choose_outside(struct dif_session *s, struct sim_random *random)
{
	int64_t dice = sim_random_below(random, 100);

	if (s->role == DIF_DELIVERY && dice < 25) {
		add(s, PICK(stores, random), random);
		return;
	}
	if (dice < 75)
		add(s, PG_BEGIN, random);
	for (int64_t i = sim_random_between(random, 1, 3); i > 0; i--)
		add(s, sim_random_chance(random, 600) ? any_load(s, random) : any_save(s, random),
		    random);
}

static void choose_inside(struct dif_session *s, bool yields, struct sim_random *random)
{
	int64_t dice = sim_random_below(random, 1000);

	if (yields && dice < 960)
		dice %= 200;
	if (dice < 20)
		s->loses_answer = true;
	else if (dice >= 100)
		for (int64_t i = sim_random_between(random, 1, yields ? 1 : 3); i > 0; i--)
			add(s,
			    sim_random_chance(random, 700) ? any_save(s, random)
							   : any_load(s, random),
			    random);
	if (dice < 450)
		add(s, PG_COMMIT, random);
}

static void choose_for_relay(struct dif_session *s, struct sim_random *random)
{
	int64_t dice = sim_random_below(random, 100);

	if (dice < 20) {
		add(s, "lease_make", random);
		add(s, "lease_evict", random);
		add(s, "lease_take", random);
	} else if (dice < 30) {
		add(s, sim_random_chance(random, 700) ? "relay_listen" : "relay_unlisten", random);
	} else if (dice < 45) {
		add(s, "relay_plan", random); /* the driver looks for notifications behind it */
	} else {
		for (int64_t i = sim_random_between(random, 1, 2); i > 0; i--)
			add(s, PICK(relays, random), random);
	}
}

void dif_session_choose(struct dif_session *s, bool yields, struct sim_random *random)
{
	dif_step_init(&s->step);
	s->loses_answer = false;
	if (dif_session_is_relay(s))
		choose_for_relay(s, random);
	else if (pg_in_transaction(s->pg))
		choose_inside(s, yields, random);
	else
		choose_outside(s, random);
}
