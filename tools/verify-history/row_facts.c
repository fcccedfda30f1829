#include "tools/verify-history/row_facts.h"

#include <stdio.h>
#include <string.h>

#include "common/pg/pg.h"

static uint8_t type_of(const char *const *names, const char *name)
{
	enum event_type type;

	return event_type_find(names, name, strlen(name), &type) ? (uint8_t)type : TYPE_UNKNOWN;
}

/* Columns: version, status, customer_id, product_id, product_name, qty, address, updated. */
static struct history_row row_of(const PGresult *rows, int row, int column,
				 const char *const *statuses)
{
	struct order_event event = { .customer_id = pg_i64(rows, row, column + 2),
				     .product_id = pg_text(rows, row, column + 3),
				     .product_name = pg_text(rows, row, column + 4),
				     .qty = (int32_t)pg_i64(rows, row, column + 5),
				     .address = pg_text(rows, row, column + 6) };

	return (struct history_row){ .present = true,
				     .version = (int32_t)pg_i64(rows, row, column),
				     .type = type_of(statuses, pg_text(rows, row, column + 1)),
				     .updated_ms = pg_i64(rows, row, column + 7),
				     .content = history_content(&event) };
}

void row_facts_order(struct history *h, const PGresult *rows, int row)
{
	struct history_order *order = history_order(h, pg_i64(rows, row, 0));

	if (order)
		order->order = row_of(rows, row, 1, event_order_statuses);
}

void row_facts_delivery(struct history *h, const PGresult *rows, int row)
{
	struct history_order *order = history_order(h, pg_i64(rows, row, 0));

	if (order)
		order->delivery = row_of(rows, row, 1, event_delivery_statuses);
}

/* An effect is known by event and status: if they do not fit, it is neither's. */
void row_facts_effect(struct history *h, const PGresult *rows, int row)
{
	uint8_t type = type_of(event_order_names, pg_text(rows, row, 2));
	uint8_t status = type_of(event_delivery_statuses, pg_text(rows, row, 3));
	struct fact fact = { .source = FACT_EFFECT,
			     .version = (int32_t)pg_i64(rows, row, 1),
			     .type = type == status ? type : TYPE_UNKNOWN,
			     .partition = (int32_t)pg_i64(rows, row, 4),
			     .offset = pg_i64(rows, row, 5),
			     .replica = history_replica(h, pg_text(rows, row, 6)),
			     .at_ms = pg_i64(rows, row, 7) };

	history_add(h, pg_i64(rows, row, 0), fact);
}

void row_facts_skipped(struct history *h, const PGresult *rows, int row)
{
	struct fact fact = { .source = FACT_SKIPPED,
			     .type = TYPE_UNKNOWN,
			     .version = (int32_t)pg_i64(rows, row, 1),
			     .at_ms = pg_i64(rows, row, 2) };

	history_add(h, pg_i64(rows, row, 0), fact);
}

void row_facts_parked(struct history *h, const PGresult *rows, int row)
{
	struct fact fact = { .source = FACT_PARKED,
			     .version = (int32_t)pg_i64(rows, row, 1),
			     .type = type_of(event_order_names, pg_text(rows, row, 2)),
			     .partition = (int32_t)pg_i64(rows, row, 3),
			     .offset = pg_i64(rows, row, 4),
			     .at_ms = pg_i64(rows, row, 5) };

	history_add(h, pg_i64(rows, row, 0), fact);
}

void row_facts_position(struct history *h, const PGresult *rows, int row)
{
	struct history_partition *partition = history_partition(h, (int32_t)pg_i64(rows, row, 0));

	if (partition)
		partition->next_offset = pg_i64(rows, row, 1);
}

void row_facts_waiting(struct history *h, const PGresult *rows, int row)
{
	struct history_backlog *backlog = &h->waiting[pg_i64(rows, row, 0)];

	backlog->count = pg_i64(rows, row, 1);
	backlog->oldest_ms = pg_i64(rows, row, 2);
}

void row_facts_refused(struct history *h, const PGresult *rows, int row)
{
	struct history_backlog *backlog = &h->refused[pg_i64(rows, row, 0)];

	if (backlog->count++ > 0)
		return;
	backlog->oldest_ms = pg_i64(rows, row, 1);
	(void)snprintf(backlog->what, sizeof(backlog->what), "%s", pg_text(rows, row, 2));
}
