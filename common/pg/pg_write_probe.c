#include "common/pg/pg_write_probe.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/runtime/clock.h"
#include "common/runtime/log.h"

const struct pg_statement pg_write_probe_statements[] = {
	/* The message alone would be written in a read-only transaction, too. */
	{ "write_probe", "select case when not current_setting('transaction_read_only')::bool "
			 "  then pg_logical_emit_message(true, 'ordering-lab', '')::text end" },
	{ 0 },
};

struct pg_write_probe {
	pthread_mutex_t trying; /* who holds it tries */
	struct pg *pg;          /* guarded by trying */
	pthread_mutex_t mu;
	struct error answer;       /* guarded by mu: of the last try */
	int64_t due_mono_ms;       /* guarded by mu: the next try is */
	_Atomic bool takes_writes; /* answer.status == ST_OK */
};

enum status pg_write_probe_open(struct pg_write_probe **out, const char *url,
				const char *application, struct error *err)
{
	static const struct pg_statement *const tables[] = { pg_write_probe_statements, NULL };
	const struct pg_config config = { url, application, NULL, tables };
	struct pg_write_probe *p = calloc(1, sizeof(*p));

	if (!p)
		return error_set(err, ST_INTERNAL, "out of memory");
	if (pg_open(&p->pg, &config, err) != ST_OK) {
		free(p);
		return err->status;
	}
	(void)error_set(&p->answer, ST_UNAVAILABLE, "no write was tried yet");
	(void)pthread_mutex_init(&p->trying, NULL);
	(void)pthread_mutex_init(&p->mu, NULL);
	*out = p;
	return ST_OK;
}

void pg_write_probe_close(struct pg_write_probe *p)
{
	if (!p)
		return;
	pg_close(p->pg);
	(void)pthread_mutex_destroy(&p->mu);
	(void)pthread_mutex_destroy(&p->trying);
	free(p);
}

enum status pg_write_probe_once(struct pg *pg, struct error *err)
{
	struct pg_call call = { "write_probe", NULL, NULL };
	bool written;

	pg_deadline(pg, clock_mono_ms() + PG_WRITE_PROBE_MS);
	if (pg_run(pg, &call, 1, err) != ST_OK)
		return err->status;
	written = pg_text(call.result, 0, 0) != NULL;
	pg_clear(&call, 1);
	return written ? ST_OK : error_set(err, ST_UNAVAILABLE, "the database is read-only");
}

static void note(struct pg_write_probe *p, const struct error *answer)
{
	bool ok = answer->status == ST_OK;

	(void)pthread_mutex_lock(&p->mu);
	p->answer = *answer;
	p->due_mono_ms = clock_mono_ms() + PG_WRITE_PROBE_PERIOD_MS;
	(void)pthread_mutex_unlock(&p->mu);
	if (atomic_exchange(&p->takes_writes, ok) == ok)
		return;
	if (ok)
		log_info("database", "it takes writes", "");
	else
		log_warn("database", "it takes no writes", "error=%s", LOG_QUOTE(answer->msg));
}

static void try(struct pg_write_probe *p)
{
	struct error answer = { 0 };

	answer.status = pg_write_probe_once(p->pg, &answer);
	note(p, &answer);
}

static bool due(struct pg_write_probe *p)
{
	bool is_due;

	(void)pthread_mutex_lock(&p->mu);
	is_due = clock_mono_ms() >= p->due_mono_ms;
	(void)pthread_mutex_unlock(&p->mu);
	return is_due;
}

bool pg_write_probe_check(void *probe, struct strbuf *why)
{
	struct pg_write_probe *p = probe;
	struct error answer;

	if (pthread_mutex_trylock(&p->trying) == 0) {
		if (due(p) || !pg_connected(p->pg))
			try(p);
		(void)pthread_mutex_unlock(&p->trying);
	}
	(void)pthread_mutex_lock(&p->mu);
	answer = p->answer;
	(void)pthread_mutex_unlock(&p->mu);
	if (answer.status != ST_OK)
		strbuf_puts(why, answer.msg);
	return answer.status == ST_OK;
}

void pg_write_probe_metrics(struct pg_write_probe *p, struct metrics_out *out)
{
	metrics_one(out, "database_takes_writes", "gauge",
		    "1 if the last write that was tried was committed.",
		    atomic_load(&p->takes_writes));
}
