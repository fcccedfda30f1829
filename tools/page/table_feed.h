/*
 * Reads what the services wrote into PostgreSQL, four times a second: who has which partition, and
 * each effect, with the delivery as it is then. An effect that came after a newer one of its order
 * has that one beside it: the order was lost.
 *
 * Threads: one of its own; open and close from main, table_feed_ask from the loop.
 */
#ifndef TOOLS_PAGE_TABLE_FEED_H
#define TOOLS_PAGE_TABLE_FEED_H

#include <stdbool.h>

#include "common/pg/pg.h"
#include "tools/page/mailbox.h"

struct table_feed;

extern const struct pg_statement table_feed_statements[];

/*
 * Mails MAIL_POSITIONS: {"up": bool, "positions": [...], "read": monotonic ms}, where the database
 * answered, as of read at the earliest; before it MAIL_EFFECTS:
 * {"effects": [...], "more": n, "reset": bool}. Strings and box are borrowed until close.
 */
MUST_CHECK enum status table_feed_open(struct table_feed **out, const char *database_url,
				       const char *topic, struct mailbox *box, struct error *err);
/* After mailbox_close. */
void table_feed_close(struct table_feed *feed);

/*
 * Mails MAIL_HISTORY soon: {"ticket": n, "effects": [...]}, all of one order from the first one on;
 * without effects where the database does not answer. False: too many have asked.
 */
bool table_feed_ask(struct table_feed *feed, int64_t order, int64_t ticket);

#endif
