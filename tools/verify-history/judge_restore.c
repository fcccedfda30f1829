/*
 * The signs of a database that was restored to an older state, or lost commits in a fail-over: the
 * topic keeps what the database has forgotten and does again.
 */
#include "tools/verify-history/judge_walk.h"

const char *const judge_restore_names[RESTORE_SIGN_COUNT] = {
	[IDS_TWICE] = "order ids given out twice",
	[CONTENTS_TWICE] = "versions with two contents",
	[VERSIONS_FORGOTTEN] = "versions that orders.orders no longer has",
	[ORDERS_FORGOTTEN] = "orders that orders.orders does not have",
};

void judge_restore_sign(struct walk *w, enum restore_sign sign, int64_t count, int32_t version)
{
	struct restore_signs *signs = &w->j->signs[sign];

	if (signs->count == 0) {
		signs->order_id = w->order->id;
		signs->version = version;
	}
	signs->count += count;
}

/* Tables and positions are of one moment: what was consumed by then had been committed before. */
void judge_restore_forgotten(struct walk *w)
{
	const struct history_row *row = &w->order->order;

	if (row->present && w->consumed > row->version)
		judge_restore_sign(w, VERSIONS_FORGOTTEN, w->consumed - row->version,
				   row->version + 1);
	else if (!row->present && w->consumed > 0)
		judge_restore_sign(w, ORDERS_FORGOTTEN, 1, 0);
}

bool judge_restore_shows(const struct judgement *j)
{
	return j->signs[IDS_TWICE].count + j->signs[CONTENTS_TWICE].count +
		       j->signs[VERSIONS_FORGOTTEN].count >
	       0;
}
