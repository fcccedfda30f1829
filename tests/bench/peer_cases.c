/* The peers: who else keeps the order of a key, with the same events on the same broker. */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/cases.h"
#include "tests/bench/peer_judge.h"

#define PARTITIONS       4
#define EVENTS_MAX       400000
#define WAIT_S           600
#define INSTANCES        2
#define WARM_ORDERS      200
#define WARM_FIRST_ORDER 1000001
#define PARALLEL_WORKS   "1000" /* threads of Parallel Consumer */
#define PARALLEL_BATCH   "20"   /* events in a transaction of it */

/* What comes. */
struct workload {
	const char *name;
	int64_t orders, events; /* events: three of each order without a rate */
	int rate, delay_ms;     /* rate 0: a backlog; else by Zipf's law, open loop */
	bool disturbed; /* an instance joins after a third, and the first is killed after two */
};

/* Who works on it. kind NULL: delivery-service. */
struct peer {
	const char *name, *kind;
	bool database;
};

static const struct peer peers[] = {
	{ "ours", NULL, true },
	{ "parallel", "parallel", false },
	{ "parallel rows", "parallel", true },
	{ "plain", "plain", false },
	{ "plain rows", "plain", true },
};

/* A peer at work. */
struct work {
	struct bench *b;
	const struct workload *load;
	const struct peer *peer;
	pid_t pids[INSTANCES]; /* 0: not there */
	pid_t feeder;
	size_t warm;             /* events before those that are measured */
	size_t lines;            /* of what was applied, so far */
	long read_to[INSTANCES]; /* of the files with them */
};

static struct peer_event applied[EVENTS_MAX], due[EVENTS_MAX];

static const char *file_of(const struct bench *b, const char *name, int number)
{
	return bench_text("%s/%s-%d.txt", b->run_dir, name, number);
}

/* Lines of order, version and microseconds are added to events; order 0: the first event came. */
static size_t read_events(const char *path, struct peer_event *events, size_t count,
			  int64_t *first_us)
{
	FILE *in = fopen(path, "re");
	struct peer_event e;

	while (in &&
	       fscanf(in, "%" SCNd64 " %" SCNd32 " %" SCNd64, &e.order, &e.version, &e.us) == 3) {
		if (e.order == 0 && (*first_us == 0 || e.us < *first_us))
			*first_us = e.us;
		else if (e.order != 0 && count < EVENTS_MAX)
			events[count++] = e;
	}
	if (in)
		(void)fclose(in);
	return count;
}

static size_t read_history(struct bench *b)
{
	PGresult *rows = PQexec(b->db, "select order_id, version, "
				       "(extract(epoch from applied_at) * 1000000)::int8 "
				       "from delivery.history order by id");
	size_t count = 0;

	while (count < (size_t)PQntuples(rows) && count < EVENTS_MAX) {
		applied[count] = (struct peer_event){
			.order = strtoll(PQgetvalue(rows, (int)count, 0), NULL, 10),
			.version = (int32_t)strtol(PQgetvalue(rows, (int)count, 1), NULL, 10),
			.us = strtoll(PQgetvalue(rows, (int)count, 2), NULL, 10),
		};
		count++;
	}
	PQclear(rows);
	return count;
}

static size_t read_applied(struct work *w, int64_t *first_us)
{
	size_t count = 0;

	*first_us = 0;
	if (!w->peer->kind) {
		*first_us = bench_first_received_us(w->b);
		return read_history(w->b);
	}
	for (int i = 0; i < INSTANCES; i++)
		count = read_events(file_of(w->b, "applied", i), applied, count, first_us);
	return count;
}

/* --- who works ----------------------------------------------------------------------------- */

static pid_t spawn_peer(struct work *w, int number)
{
	struct bench *b = w->b;
	bool parallel = strcmp(w->peer->kind, "parallel") == 0;
	const char *url = bench_text("PEER_DATABASE_URL=jdbc:postgresql://127.0.0.1:%s/lab"
				     "?user=delivery_service",
				     getenv("PG_PORT"));

	return bench_spawn(
		b, bench_text("peer-%d", number),
		LIST(bench_text("PEER=%s", w->peer->kind),
		     bench_text("DELIVERY_DELAY_MS=%d", w->load->delay_ms),
		     bench_text("PEER_CONCURRENCY=%s",
				parallel ? PARALLEL_WORKS : bench_text("%d", PARTITIONS)),
		     bench_text("PEER_BATCH=%s",
				parallel && w->peer->database ? PARALLEL_BATCH : "1"),
		     bench_text("PEER_APPLIED=%s", file_of(b, "applied", number)),
		     w->peer->database ? url : "PEER_DATABASE_URL="),
		LIST("tests/bench/peers/peer.sh", "run"));
}

static void await_ready(struct work *w, int number)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "peer-%d", number);
	for (int i = 0; i < WAIT_S * 20; i++) {
		if (strstr(bench_output(w->b, name), "ready"))
			return;
		if (waitpid(w->pids[number], NULL, WNOHANG) != 0)
			bench_fail("%s has ended; see %s/log/%s.log", name, w->b->run_dir, name);
		(void)usleep(50000);
	}
	bench_fail("%s gets no partition", name);
}

/* One more instance. */
static void start_instance(struct work *w, int number)
{
	const char *delay = bench_text("DELIVERY_DELAY_MS=%d", w->load->delay_ms);

	if (w->peer->kind) {
		w->pids[number] = spawn_peer(w, number);
		await_ready(w, number);
		return;
	}
	bench_start_deliveries(w->b, number + 1,
			       LIST("PROCESSING_ORDER=key", "MAX_CONCURRENCY=100000", delay,
				    "DELIVERY_DELAY_ON=OrderModified"));
	w->pids[number] = bench_pid(w->b, bench_text("delivery-%d", number + 1));
	if (number == 0)
		(void)bench_await(w->b, w->b->delivery_port, "delivery_partitions", PARTITIONS);
}

static void end_instance(struct work *w, int number)
{
	if (w->pids[number] <= 0)
		return;
	(void)kill(w->pids[number], SIGKILL);
	if (w->peer->kind)
		(void)waitpid(w->pids[number], NULL, 0);
	w->pids[number] = 0;
}

/* --- the work ------------------------------------------------------------------------------ */

static void start_feed(struct work *w)
{
	struct bench *b = w->b;

	w->feeder =
		bench_spawn(b, "feed",
			    LIST(bench_text("ORDERS=%" PRId64, w->load->orders), "FIRST_ORDER=1",
				 "BLOCK=1000", bench_text("RATE=%d", w->load->rate),
				 bench_text("EVENTS=%" PRId64, w->load->rate ? w->load->events : 0),
				 bench_text("DUES=%s", file_of(b, "due", 0))),
			    LIST(bench_text("%s/tests/bench-feed", b->build_dir)));
}

/* The lines that have come since the last call. */
static size_t new_lines(const char *path, long *at)
{
	FILE *in = fopen(path, "re");
	size_t lines = 0;

	if (in && fseek(in, *at, SEEK_SET) == 0) {
		for (int c; (c = fgetc(in)) != EOF;)
			lines += c == '\n';
		*at = ftell(in);
	}
	if (in)
		(void)fclose(in);
	return lines;
}

/* Waits until about so many events are applied, at little cost to those who apply them: an id that
 * was drawn in vain counts, and an event that was applied twice. */
static void await_count(struct work *w, size_t events)
{
	for (int i = 0; i < WAIT_S * 5; i++) {
		if (!w->peer->kind)
			w->lines = (size_t)bench_sql(
				w->b, "select coalesce(max(id), 0) from delivery.history");
		for (int p = 0; w->peer->kind && p < INSTANCES; p++)
			w->lines += new_lines(file_of(w->b, "applied", p), &w->read_to[p]);
		if (w->lines >= events)
			return;
		(void)usleep(200000);
	}
	bench_fail("%s: %zu of %zu events were applied", w->peer->name, w->lines, events);
}

/* Until so many different events are applied. With a rate the feeder has ended. */
static struct peer_verdict await_applied(struct work *w, size_t events, int64_t *first_us)
{
	struct peer_verdict verdict = { 0 };
	size_t due_count = 0;

	if (w->load->rate)
		due_count = read_events(file_of(w->b, "due", 0), due, 0, first_us);
	await_count(w, events);
	for (int i = 0; i < WAIT_S * 5; i++) {
		verdict = peer_judge(applied, read_applied(w, first_us), due, due_count);
		if (verdict.applied >= events)
			return verdict;
		(void)usleep(200000);
	}
	bench_fail("%s: %zu of %zu events were applied", w->peer->name, verdict.applied, events);
}

static void measured(struct work *w, const char *figure, double value)
{
	const char *name = bench_text("%s %s", figure, w->peer->name);

	/* What targets are ratios to. A tail moves by nature. */
	if (strcmp(name, "seconds parallel") == 0)
		bench_reference(w->b, "peers", w->load->name, name, value);
	else
		bench_measured(w->b, "peers", w->load->name, name, value);
}

static void note(struct work *w, const struct peer_verdict *verdict, int64_t first_us)
{
	double memory = 0, processor = 0;

	for (int i = 0; i < INSTANCES; i++) {
		if (w->pids[i] <= 0)
			continue;
		memory += bench_memory_mb(w->b, w->pids[i], "VmHWM");
		processor += bench_processor_s(w->pids[i]);
	}
	if (!w->load->rate)
		measured(w, "seconds", (double)(verdict->last_us - first_us) / 1e6);
	if (w->load->rate && !w->load->disturbed) {
		measured(w, "p50", verdict->p50_ms);
		measured(w, "p99", verdict->p99_ms);
	}
	if (!w->load->disturbed) {
		measured(w, "memory", memory);
		measured(w, "processor", processor);
	}
	measured(w, "twice", (double)verdict->twice);
	measured(w, "disorder", (double)verdict->out_of_order);
}

static void disturb(struct work *w)
{
	await_count(w, w->warm + (size_t)w->load->events / 3);
	start_instance(w, 1);
	await_count(w, w->warm + (size_t)w->load->events * 2 / 3);
	end_instance(w, 0);
}

/* Other orders first: Java compiles what it does often only then. Not measured. */
static void warm_up(struct work *w)
{
	bench_feed(w->b, WARM_ORDERS, WARM_FIRST_ORDER);
	w->warm = (size_t)WARM_ORDERS * 3;
	await_count(w, w->warm);
}

static void work_once(struct bench *b, const struct workload *load, const struct peer *peer)
{
	struct work w = { .b = b, .load = load, .peer = peer };
	struct peer_verdict verdict;
	int64_t first_us;

	bench_fresh(b, PARTITIONS);
	(void)bench_sql_file(b, "peers_empty.sql", NULL);
	for (int i = 0; i < INSTANCES; i++)
		(void)unlink(file_of(b, "applied", i));
	if (!load->rate) {
		start_feed(&w);
		bench_wait(b, "feed", w.feeder);
	}
	start_instance(&w, 0);
	if (load->rate) {
		warm_up(&w);
		start_feed(&w);
	}
	if (load->disturbed)
		disturb(&w);
	if (load->rate)
		bench_wait(b, "feed", w.feeder);
	verdict = await_applied(&w, w.warm + (size_t)load->events, &first_us);
	note(&w, &verdict, first_us);
	for (int i = 0; i < INSTANCES; i++)
		end_instance(&w, i);
}

void case_peers(struct bench *b)
{
	const int part = b->quick ? 10 : 1;
	const struct workload loads[] = {
		{ "1000 orders x 10 s", 1000, 3000, 0, 10000 / part, false },
		{ "20000 orders x 0.1 s", 20000 / part, 60000 / part, 0, 100, false },
		{ "hot keys, 100 ms", 1000, 1500 / part, 50, 100, false },
		{ "hot keys, 1 ms", 1000, 40000 / part, 2000, 1, false },
		{ "a join and a kill", 1000, 60000 / part, 1000, 1, true },
	};

	(void)bench_run(b, "peers-build", NULL, LIST("tests/bench/peers/peer.sh", "build"));
	for (size_t l = 0; l < sizeof(loads) / sizeof(loads[0]); l++) {
		for (int i = 0; i < b->repeat; i++) {
			for (size_t p = 0; p < sizeof(peers) / sizeof(peers[0]); p++) {
				/* One after the other, a backlog of works would take hours. */
				if (loads[l].rate || !peers[p].kind ||
				    strcmp(peers[p].kind, "plain") != 0)
					work_once(b, &loads[l], &peers[p]);
			}
		}
	}
}
