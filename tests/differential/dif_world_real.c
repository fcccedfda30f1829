/*
 * The real servers: DATABASE_URL is the owner's.
 *
 * A session that was sent calls is at work until its answer can be read, or until it is seen in
 * pg_locks to wait, with everybody else who was sent something: locks are only given back by who is
 * at work.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/runtime/clock.h"
#include "tests/differential/dif_world.h"

#define WAITERS_MAX 16
#define PATIENCE_MS 120000
#define DIF_URLS    32 /* more than there are sessions */

#define OURS "pid in (select pid from pg_stat_activity where datname = current_database())"
/* Who commits with a notification waits for those of the whole cluster, also of other databases:
 * that is the server's work, no wait for one of us. */
#define WAITS_FOR_US                                                                               \
	"not granted and not (locktype = 'object' and classid = 'pg_database'::regclass) "

/* One server a process. */
static struct world {
	PGconn *owner;
	struct {
		int pid;
		char blockers[100]; /* {pid,...} */
	} waiters[WAITERS_MAX];
	int waiter_count;
	int losing; /* the session whose answer is to be lost */
} world;

void dif_world_fail(const char *format, ...)
{
	va_list arguments;

	(void)fflush(stdout);
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	(void)fputc('\n', stderr);
	exit(2);
}

void dif_world_stop_late(void)
{
	exit(DIF_LATE);
}

static PGresult *ask(const char *sql)
{
	PGresult *result = PQexec(world.owner, sql);

	if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
		dif_world_fail("%s: %s", sql, PQerrorMessage(world.owner));
	return result;
}

static void __attribute__((format(printf, 1, 2))) tell(const char *format, ...)
{
	char sql[1000];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(sql, sizeof(sql), format, arguments);
	va_end(arguments);
	PQclear(ask(sql));
}

/* Whether there is a row. */
static bool __attribute__((format(printf, 1, 2))) asks(const char *format, ...)
{
	char sql[400];
	PGresult *result;
	va_list arguments;
	bool yes;

	va_start(arguments, format);
	(void)vsnprintf(sql, sizeof(sql), format, arguments);
	va_end(arguments);
	result = ask(sql);
	yes = PQntuples(result) > 0;
	PQclear(result);
	return yes;
}

/* --- the run ------------------------------------------------------------------------------- */

static const char empty_sql[] =
	"truncate orders.orders, orders.outbox, orders.outbox_dead, orders.outbox_lease, "
	"  delivery.delivery, delivery.history, delivery.position, delivery.position_range, "
	"  delivery.parked, delivery.given_up, delivery.applied_plain, delivery.outbox, "
	"  delivery.outbox_dead, delivery.outbox_lease restart identity";

/* For the sessions that begin from now on. */
static void set(const char *name, const char *value)
{
	tell("do $$ begin execute format('alter database %%I set %s = %%L', current_database(), "
	     "'%s'); end $$",
	     name, value);
}

void dif_world_run(uint64_t seed, void (*body)(void *), void *argument)
{
	const char *url = getenv("DATABASE_URL");

	(void)seed;
	world.owner = PQconnectdb(url ? url : "");
	if (PQstatus(world.owner) != CONNECTION_OK)
		dif_world_fail("DATABASE_URL: %s", PQerrorMessage(world.owner));
	tell("set client_min_messages = warning");
	tell("%s", empty_sql);
	set("deadlock_timeout", "5ms");
	set("synchronous_commit", "off"); /* nothing is to survive */
	body(argument);
	PQfinish(world.owner);
}

/* The owner's url, with another role. */
const char *dif_world_url(const char *role)
{
	static char urls[DIF_URLS][300];
	static int n;
	const char *url = getenv("DATABASE_URL"), *at = strchr(url, '@');
	char *out = urls[n++ % DIF_URLS];

	(void)snprintf(out, sizeof(urls[0]), "postgresql://%s%s", role, at ? at : "");
	return out;
}

/* --- waiting ------------------------------------------------------------------------------- */

static bool can_read(struct pg *pg, int timeout_ms)
{
	struct pollfd fd = { .fd = pg_socket(pg), .events = POLLIN | POLLRDHUP };

	return fd.fd < 0 || poll(&fd, 1, timeout_ms) != 0;
}

static int number_in(const char *text)
{
	return (int)strtol(text, NULL, 10);
}

static void look_at_waiters(void)
{
	PGresult *result = ask("select pid, pg_blocking_pids(pid)::text from pg_locks "
			       "where " WAITS_FOR_US "and " OURS);

	world.waiter_count = 0;
	for (int i = 0; i < PQntuples(result) && world.waiter_count < WAITERS_MAX; i++) {
		int n = world.waiter_count;

		/* Blockers are looked up later than the lock: by then it may be at work again. */
		if (strcmp(PQgetvalue(result, i, 1), "{}") == 0)
			continue;
		world.waiters[n].pid = number_in(PQgetvalue(result, i, 0));
		(void)snprintf(world.waiters[n].blockers, sizeof(world.waiters[n].blockers), "%s",
			       PQgetvalue(result, i, 1));
		world.waiter_count++;
	}
	PQclear(result);
}

static int waiter_of(int pid)
{
	for (int i = 0; i < world.waiter_count; i++) {
		if (world.waiters[i].pid == pid)
			return i;
	}
	return -1;
}

static bool waits_for(int waiter, int pid)
{
	const char *at = world.waiters[waiter].blockers;

	for (at++; *at && *at != '}'; at += strcspn(at, ",}"), at += *at == ',') {
		if (number_in(at) == pid)
			return true;
	}
	return false;
}

/* Somebody of those who wait is about to be refused. */
static bool is_circle(void)
{
	for (int i = 0; i < world.waiter_count; i++) {
		int first = world.waiters[i].pid, at = i;

		for (int steps = 0; at >= 0 && steps < WAITERS_MAX; steps++) {
			if (steps > 0 && world.waiters[at].pid == first)
				return true;
			at = waiter_of(number_in(world.waiters[at].blockers + 1));
		}
	}
	return false;
}

bool dif_world_waits_for(struct pg *a, struct pg *b)
{
	int waiter = waiter_of(pg_backend_pid(a));

	return waiter >= 0 && waits_for(waiter, pg_backend_pid(b));
}

/* One that was refused is told of it before it gives its locks back. */
static bool any_at_work(void)
{
	return asks("select from pg_stat_activity where state = 'active' "
		    "  and backend_type = 'client backend' and datname = current_database() "
		    "  and pid <> pg_backend_pid() "
		    "  and pid not in (select pid from pg_locks where " WAITS_FOR_US ")");
}

static bool all_wait(struct pg *const *sent, size_t count, const bool *answered)
{
	if (any_at_work())
		return false;
	look_at_waiters();
	for (size_t i = 0; i < count; i++) {
		if (!answered[i] && waiter_of(pg_backend_pid(sent[i])) < 0)
			return false;
	}
	return !is_circle();
}

void dif_world_settle(struct pg *const *sent, size_t count, bool *answered)
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;

	memset(answered, 0, count * sizeof(*answered));
	while (clock_mono_ms() < end) {
		size_t left = 0;

		for (size_t i = 0; i < count; i++) {
			answered[i] |= can_read(sent[i], 0);
			left += !answered[i];
		}
		if (left == 0) {
			world.waiter_count = 0;
			return;
		}
		for (size_t i = 0; i < count; i++) {
			if (!answered[i] && can_read(sent[i], 1))
				left = 0;
		}
		if (left > 0 && all_wait(sent, count, answered))
			return;
	}
	dif_world_fail("a call is not answered, and waits for no lock");
}

void dif_world_grow_old(void)
{
	while (asks("select from pg_locks where not granted and (waitstart is null or "
		    "  waitstart > clock_timestamp() - interval '150 ms') and " OURS))
		clock_pause_ms(5);
}

/* --- sessions that end --------------------------------------------------------------------- */

static void await_end(int pid)
{
	while (asks("select from pg_stat_activity where pid = %d", pid))
		clock_pause_ms(1);
}

void dif_world_await_end(struct pg *pg)
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;

	while (pg_connected(pg)) {
		if (clock_mono_ms() > end)
			dif_world_fail("a session has ended, and its client is not told");
		clock_pause_ms(1);
	}
}

void dif_world_end_session(struct pg *pg)
{
	int pid = pg_backend_pid(pg);

	tell("select pg_terminate_backend(%d)", pid);
	await_end(pid);
	dif_world_await_end(pg);
}

void dif_world_will_lose_answer(struct pg *pg)
{
	world.losing = pg_backend_pid(pg);
}

/* What was sent is in the server's hands; the client's end is another socket now, which is closed.
 */
void dif_world_lose_answer(struct pg *pg)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0 ||
	    dup2(ends[0], pg_socket(pg)) < 0)
		dif_world_fail("no socket");
	(void)close(ends[0]);
	(void)close(ends[1]);
	await_end(world.losing);
}

/* --- leases, given up ---------------------------------------------------------------------- */

void dif_world_refresh_lease(const char *schema)
{
	tell("update %s.outbox_lease set heartbeat_at = now() where heartbeat_at > '2000-01-01'",
	     schema);
}

void dif_world_age_lease(const char *schema)
{
	tell("update %s.outbox_lease set heartbeat_at = '1980-01-01' "
	     "where heartbeat_at > '2000-01-01'",
	     schema);
}

void dif_world_give_up(int64_t order, int32_t version)
{
	tell("insert into delivery.given_up values (%" PRId64 ", %d, '') on conflict do nothing",
	     order, version);
}

/* --- tables -------------------------------------------------------------------------------- */

#define ROW_OF_OUTBOX                                                                              \
	"id, topic, coalesce(encode(key, 'escape'), 'null'), coalesce(type, 'null'), "             \
	"coalesce(headers, 'null'), coalesce(encode(payload, 'escape'), 'null')"

static const char *const tables[] = {
	"select format('position %s: %s %s %s %s %s', partition, next_offset, epoch, commits, "
	"claim, "
	"  owner) "
	"from delivery.position order by partition",
	"select format('range %s %s: %s', partition, first_offset, end_offset) "
	"from delivery.position_range order by partition, first_offset",
	"select format('delivery %s: %s %s %s', order_id, id, version, status) "
	"from delivery.delivery order by order_id",
	"select format('history %s %s: %s %s %s %s %s', order_id, version, partition, \"offset\", "
	"  content, event, status) from delivery.history order by order_id, version, id",
	"select format('plain %s %s:', partition, \"offset\") "
	"from delivery.applied_plain order by partition, \"offset\"",
	"select format('parked %s %s: %s %s %s %s', order_id, version, partition, \"offset\", "
	"event, "
	"  encode(payload, 'escape')) from delivery.parked order by order_id, version",
	"select format('given up %s %s:', order_id, version) "
	"from delivery.given_up order by order_id, version",
	"select format('delivery outbox %s: %s %s %s %s %s', " ROW_OF_OUTBOX ") "
	"from delivery.outbox order by id",
	"select format('orders outbox %s: %s %s %s %s %s', " ROW_OF_OUTBOX ") "
	"from orders.outbox order by id",
	"select format('delivery outbox_dead %s: %s %s %s %s %s', " ROW_OF_OUTBOX ") "
	"from delivery.outbox_dead order by id",
	"select format('orders outbox_dead %s: %s %s %s %s %s', " ROW_OF_OUTBOX ") "
	"from orders.outbox_dead order by id",
	"select format('delivery lease: %s %s', low_id, holder) from delivery.outbox_lease",
	"select format('orders lease: %s %s', low_id, holder) from orders.outbox_lease",
	"select format('order %s: %s %s %s %s %s %s %s %s %s', id, version, customer_id, qty, "
	"  idempotency_fingerprint, status, product_id, product_name, address, "
	"  coalesce(idempotency_key, 'null')) from orders.orders order by id",
};

void dif_world_print_tables(void)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		PGresult *rows = ask(tables[i]);

		for (int row = 0; row < PQntuples(rows); row++)
			puts(PQgetvalue(rows, row, 0));
		PQclear(rows);
	}
}
