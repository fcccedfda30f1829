/* The queue of ended spans: in order, bounded, a batch at a time. */
#include "common/otlp/otlp_queue.h"

#include "tests/unit/unit.h"

TestSuite(otlp_queue, .init = unit_deadline);

static bool push(struct otlp_queue *q, size_t number)
{
	struct otlp_ended *span = malloc(sizeof(*span));

	cr_assert(span);
	*span = (struct otlp_ended){ .len = number };
	if (otlp_queue_push(q, span))
		return true;
	free(span);
	return false;
}

Test(otlp_queue, is_bounded_and_keeps_its_order)
{
	struct otlp_queue q;
	size_t next = 0, count;

	otlp_queue_init(&q);
	for (size_t i = 0; i < OTLP_QUEUE_MAX; i++)
		cr_assert(push(&q, i));
	cr_expect_not(push(&q, 0));
	while (otlp_queue_count(&q) > 0) {
		struct otlp_ended *list = otlp_queue_take(&q, &count);

		cr_expect_eq(count, OTLP_BATCH_MAX);
		for (const struct otlp_ended *e = list; e; e = e->next)
			cr_expect_eq(e->len, next++);
		otlp_queue_free(list);
	}
	cr_expect_eq(next, OTLP_QUEUE_MAX);
	cr_expect_null(otlp_queue_take(&q, &count));
	cr_expect(push(&q, 7));
	otlp_queue_fini(&q);
}

Test(otlp_queue, a_batch_or_a_stop_ends_the_wait)
{
	struct otlp_queue q;

	otlp_queue_init(&q);
	cr_expect_not(otlp_queue_wait(&q, 0, true));
	for (size_t i = 0; i < OTLP_BATCH_MAX; i++)
		cr_assert(push(&q, i));
	cr_expect_not(otlp_queue_wait(&q, INT32_MAX, true));
	otlp_queue_stop(&q);
	cr_expect(otlp_queue_wait(&q, INT32_MAX, false));
	otlp_queue_fini(&q);
}
