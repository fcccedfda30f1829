/*
 * Whether the database takes writes: a server that only reads, or whose commits hang, can be
 * reached. Told by a write on a session of its own: a message in the write-ahead log that nobody
 * reads, which leaves no row behind and waits for no lock, and its commit.
 *
 * Threads: any; open and close from one.
 */
#ifndef COMMON_PG_PG_WRITE_PROBE_H
#define COMMON_PG_PG_WRITE_PROBE_H

#include "common/base/metrics.h"
#include "common/pg/pg.h"

struct pg_write_probe;

extern const struct pg_statement pg_write_probe_statements[];

/* url and application as for pg_open. */
MUST_CHECK enum status pg_write_probe_open(struct pg_write_probe **out, const char *url,
					   const char *application, struct error *err);
void pg_write_probe_close(struct pg_write_probe *probe);

#define PG_WRITE_PROBE_PERIOD_MS 2000
#define PG_WRITE_PROBE_MS        3000

/* Tries a write on somebody's own session, which has pg_write_probe_statements, for
 * PG_WRITE_PROBE_MS; it leaves that deadline behind. */
MUST_CHECK enum status pg_write_probe_once(struct pg *pg, struct error *err);

/*
 * A readiness check, with a struct pg_write_probe as context. True: a write was committed within
 * the last PG_WRITE_PROBE_PERIOD_MS, and its session is still there. Without one it tries one, for
 * PG_WRITE_PROBE_MS (and as long as connecting takes); who comes meanwhile gets the last answer.
 * Else adds to why why not.
 */
bool pg_write_probe_check(void *probe, struct strbuf *why);

/* The last answer. Waits for nothing. */
void pg_write_probe_metrics(struct pg_write_probe *probe, struct metrics_out *out);

#endif
