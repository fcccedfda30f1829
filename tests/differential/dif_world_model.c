/*
 * The simulated server. The driver is the one task of the one node.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/differential/dif_world.h"
#include "tests/simulation/sim_pg.h"
#include "tests/simulation/sim_world.h"

const char *__asan_default_options(void);

/* The world's memory is never given back. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0:detect_stack_use_after_return=0";
}

static struct driver {
	struct sim_node node;
	void (*body)(void *argument);
	void *argument;
} driver;

static void end_process(int status)
{
	(void)fflush(stdout);
	_exit(status);
}

void dif_world_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	(void)fputc('\n', stderr);
	end_process(2);
	abort();
}

void dif_world_stop_late(void)
{
	dif_world_fail("a transaction is open for long");
}

/* --- the run ------------------------------------------------------------------------------- */

static void committing(struct sim_database *database, const struct sim_session *session)
{
	(void)database;
	(void)session;
}

static void task(void *unused)
{
	(void)unused;
	driver.body(driver.argument);
	end_process(sim_world_violated() ? 2 : 0);
}

static void started(struct sim_node *node)
{
	(void)sim_node_task(node, task, NULL);
}

void dif_world_run(uint64_t seed, void (*body)(void *), void *argument)
{
	driver.body = body;
	driver.argument = argument;
	driver.node = (struct sim_node){ .name = "driver", .started = started };
	sim_world_begin(seed, getenv("DIFFERENTIAL_VERBOSE") != NULL);
	sim_server_database("orders")->committing = committing;
	sim_server_database("delivery")->committing = committing;
	sim_node_start(&driver.node);
	sim_world_run(INT64_MAX);
	dif_world_fail("the simulated world has ended: %s",
		       sim_world_violated() ? sim_world_violated() : "nothing happens");
}

const char *dif_world_url(const char *role)
{
	(void)role;
	return "postgresql://simulated";
}

/* --- waiting ------------------------------------------------------------------------------- */

static void pass(int64_t ms)
{
	int64_t end = sim_world_now_us() + ms * SIM_MS;

	while (sim_world_now_us() < end)
		sim_node_sleep_until(end);
}

static struct sim_session *session_of(const struct pg *pg)
{
	return sim_server_session(pg_backend_pid(pg));
}

/* Nothing of it is on the way, or can be done. */
static bool is_still(const struct pg *pg)
{
	const struct sim_session *s = session_of(pg);
	int64_t now = sim_world_now_us();

	return !s || (s->last_arrival_us < now && s->last_answer_us < now && !s->pumping &&
		      (!s->calls || s->blocked_by));
}

static bool is_circle(const struct sim_session *first)
{
	const struct sim_session *at = first->blocked_by;

	for (int i = 0; at && at != first && i < 100; i++)
		at = at->blocked_by;
	return at == first;
}

static bool are_still(struct pg *const *sent, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sim_session *s = session_of(sent[i]);

		if (!is_still(sent[i]) || (s && s->blocked_by && is_circle(s)))
			return false;
	}
	return true;
}

void dif_world_settle(struct pg *const *sent, size_t count, bool *answered)
{
	do
		pass(3);
	while (!are_still(sent, count));
	for (size_t i = 0; i < count; i++)
		answered[i] = !session_of(sent[i]) || !session_of(sent[i])->blocked_by;
}

bool dif_world_waits_for(struct pg *a, struct pg *b)
{
	const struct sim_session *s = session_of(a);

	return s && s->blocked_by && s->blocked_by == session_of(b);
}

void dif_world_grow_old(void)
{
	pass(1100);
}

/* --- sessions that end --------------------------------------------------------------------- */

void dif_world_end_session(struct pg *pg)
{
	struct sim_session *s = session_of(pg);

	if (s)
		sim_server_terminate(s);
	dif_world_await_end(pg);
}

void dif_world_await_end(struct pg *pg)
{
	while (pg_connected(pg))
		pass(1);
}

void dif_world_will_lose_answer(struct pg *pg)
{
	struct sim_session *s = session_of(pg);

	if (s)
		s->loses_answer = s->touched_count > 0;
}

/* What was sent may have failed, or changed nothing: then no answer was lost, and the session is
 * ended all the same. */
void dif_world_lose_answer(struct pg *pg)
{
	struct sim_session *s = session_of(pg);

	while (s && !s->ended && (s->last_arrival_us >= sim_world_now_us() || s->calls))
		sim_node_sleep_until(sim_world_now_us() + 10);
	if (s && !s->ended)
		sim_server_terminate(s);
	dif_world_await_end(pg);
}

/* --- leases, given up ---------------------------------------------------------------------- */

enum { HEARTBEAT = 1 };

static void set_heartbeat(const char *schema, int64_t wall_ms)
{
	struct sim_row *row =
		sim_table_find(&sim_server_database(schema)->tables[T_LEASE], 1, 0, 0);
	struct sim_value *value;

	if (!row || !row->committed || row->committed->number[HEARTBEAT] < 1000)
		return;
	value = sim_world_copy(row->committed, sizeof(*value));
	value->number[HEARTBEAT] = wall_ms;
	row->committed = value;
}

void dif_world_refresh_lease(const char *schema)
{
	set_heartbeat(schema, sim_world_wall_ms());
}

void dif_world_age_lease(const char *schema)
{
	set_heartbeat(schema, 0);
}

void dif_world_give_up(int64_t order, int32_t version)
{
	struct sim_row *row = sim_table_row(&sim_server_database("delivery")->tables[T_GIVEN_UP],
					    order, version, 0);

	row->committed = sim_world_memory(sizeof(*row->committed));
}

/* --- tables -------------------------------------------------------------------------------- */

static const struct {
	const char *schema, *name;
	enum sim_table_name table;
	int keys, numbers, texts; /* that are printed; numbers from first_number on */
	int first_number;
} tables[] = {
	{ "delivery", "position", T_POSITION, 1, 4, 1, 0 },
	{ "delivery", "range", T_RANGE, 2, 1, 0, 0 },
	{ "delivery", "delivery", T_DELIVERY, 1, 2, 1, 0 },
	{ "delivery", "history", T_HISTORY, 2, 3, 2, 0 },
	{ "delivery", "plain", T_PLAIN, 2, 0, 0, 0 },
	{ "delivery", "parked", T_PARKED, 2, 2, 2, 0 },
	{ "delivery", "given up", T_GIVEN_UP, 2, 0, 0, 0 },
	{ "delivery", "delivery outbox", T_OUTBOX, 1, 0, 5, 0 },
	{ "orders", "orders outbox", T_OUTBOX, 1, 0, 5, 0 },
	{ "delivery", "delivery outbox_dead", T_OUTBOX_DEAD, 1, 0, 5, 0 },
	{ "orders", "orders outbox_dead", T_OUTBOX_DEAD, 1, 0, 5, 0 },
	{ "delivery", "delivery lease", T_LEASE, 0, 1, 1, 2 },
	{ "orders", "orders lease", T_LEASE, 0, 1, 1, 2 },
	{ "orders", "order", T_ORDERS, 1, 4, 5, 0 },
};

static void print_row(size_t table, const struct sim_row *row)
{
	printf("%s", tables[table].name);
	for (int i = 0; i < tables[table].keys; i++)
		printf(" %" PRId64, row->key[i]);
	printf(":");
	for (int i = 0; i < tables[table].numbers; i++)
		printf(" %" PRId64, row->committed->number[tables[table].first_number + i]);
	for (int i = 0; i < tables[table].texts; i++) {
		const struct sim_text *t = &row->committed->text[i];

		printf(" %.*s", t->bytes ? t->len : 4, t->bytes ? t->bytes : "null");
	}
	printf("\n");
}

void dif_world_print_tables(void)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const struct sim_table *t =
			&sim_server_database(tables[i].schema)->tables[tables[i].table];

		for (size_t row = 0; row < t->count; row++) {
			if (t->rows[row]->committed)
				print_row(i, t->rows[row]);
		}
	}
}
