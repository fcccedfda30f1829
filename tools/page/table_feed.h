/*
 * Reads what the services wrote into PostgreSQL, four times a second: who has which partition, and
 * each effect, with the delivery as it is then. An effect that came after a newer one of its order
 * has that one beside it: the order was lost.
 *
 * Threads: one of its own; open and close from main.
 */
#ifndef TOOLS_PAGE_TABLE_FEED_H
#define TOOLS_PAGE_TABLE_FEED_H

#include "common/pg/pg.h"
#include "tools/page/mailbox.h"

struct table_feed;

extern const struct pg_statement table_feed_statements[];

/*
 * Mails MAIL_POSITIONS: {"up": bool, "why": text, "positions": [...], "parked": n}, and
 * MAIL_EFFECTS:
 * {"effects": [...], "more": n, "reset": bool}. Strings and box are borrowed until close.
 */
MUST_CHECK enum status table_feed_open(struct table_feed **out, const char *database_url,
				       const char *topic, struct mailbox *box, struct error *err);
void table_feed_close(struct table_feed *feed);

#endif
