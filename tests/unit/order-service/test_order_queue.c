/* The queue of commands: order, bounds, and that who waits is woken. */
#include <pthread.h>
#include <sched.h>

#include "order-service/order_queue.h"
#include "tests/unit/unit.h"

TestSuite(order_queue, .init = unit_deadline);

enum { MANY = 5 };

static struct order_command commands[MANY];

Test(order_queue, first_in_first_out_as_many_as_wanted)
{
	struct order_command *taken[MANY];
	struct order_queue queue;
	struct order_command *again = &commands[0];

	order_queue_init(&queue);
	for (int i = 0; i < MANY; i++) {
		struct order_command *command = &commands[i];

		cr_assert(order_queue_put(&queue, &command, 1, MANY));
	}
	cr_assert_eq(order_queue_take(&queue, taken, 3), 3);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(taken[i], &commands[i]);
	cr_expect_eq(order_queue_count(&queue), 2);
	cr_assert(order_queue_put(&queue, &again, 1, MANY));
	cr_assert_eq(order_queue_take(&queue, taken, MANY), 3);
	cr_expect_eq(taken[0], &commands[3]);
	cr_expect_eq(taken[1], &commands[4]);
	cr_expect_eq(taken[2], &commands[0]);
	cr_expect_eq(order_queue_count(&queue), 0);
	order_queue_fini(&queue);
}

Test(order_queue, all_of_a_batch_or_none)
{
	struct order_command *batch[MANY], *taken[MANY];
	struct order_queue queue;

	for (int i = 0; i < MANY; i++)
		batch[i] = &commands[i];
	order_queue_init(&queue);
	cr_expect_not(order_queue_put(&queue, batch, MANY, MANY - 1));
	cr_expect_eq(order_queue_count(&queue), 0);
	cr_expect(order_queue_put(&queue, batch, MANY - 1, MANY - 1));
	cr_expect_not(order_queue_put(&queue, batch + MANY - 1, 1, MANY - 1));
	cr_expect_eq(order_queue_take(&queue, taken, MANY), MANY - 1);
	cr_expect_eq(taken[MANY - 2], &commands[MANY - 2]);
	order_queue_fini(&queue);
}

Test(order_queue, what_is_left_is_taken_after_the_close)
{
	struct order_command *taken[MANY], *one = &commands[0];
	struct order_queue queue;

	order_queue_init(&queue);
	cr_assert(order_queue_put(&queue, &one, 1, MANY));
	order_queue_close(&queue);
	cr_expect_eq(order_queue_take(&queue, taken, MANY), 1);
	cr_expect_eq(order_queue_take(&queue, taken, MANY), 0);
	order_queue_fini(&queue);
}

Test(order_queue, a_wait_ends_with_a_command_the_close_or_its_time)
{
	struct order_command *one = &commands[0], *taken[MANY];
	struct order_queue queue;

	order_queue_init(&queue);
	cr_expect_not(order_queue_wait(&queue, 1));
	cr_assert(order_queue_put(&queue, &one, 1, MANY));
	cr_expect(order_queue_wait(&queue, 1));
	cr_assert_eq(order_queue_take(&queue, taken, MANY), 1, "a wait takes none");
	order_queue_close(&queue);
	cr_expect(order_queue_wait(&queue, 1));
	order_queue_fini(&queue);
}

/* --- with a thread that takes ------------------------------------------------------------- */

enum { ROUNDS = 2000 };

static struct order_command numbered[ROUNDS];

/* Returns how many came, in turn; then the queue is closed. */
static void *take_all(void *context)
{
	struct order_command *taken[MANY];
	struct order_queue *queue = context;
	intptr_t next = 0;

	for (size_t n; (n = order_queue_take(queue, taken, MANY)) > 0;) {
		for (size_t i = 0; i < n; i++) {
			if (taken[i] != &numbered[next])
				return (void *)(intptr_t)-1;
			next++;
		}
	}
	return (void *)next;
}

/* It empties the queue again and again, and sleeps: no put may leave it asleep. */
Test(order_queue, nobody_waits_beside_a_command)
{
	struct order_queue queue;
	pthread_t taker;
	void *taken = NULL;

	order_queue_init(&queue);
	cr_assert_eq(pthread_create(&taker, NULL, take_all, &queue), 0);
	for (int i = 0; i < ROUNDS; i++) {
		struct order_command *command = &numbered[i];

		cr_assert(order_queue_put(&queue, &command, 1, ROUNDS));
		if (i % 7 == 0)
			(void)sched_yield();
	}
	while (order_queue_count(&queue) > 0)
		(void)sched_yield();
	order_queue_close(&queue);
	(void)pthread_join(taker, &taken);
	cr_expect_eq((intptr_t)taken, ROUNDS);
	order_queue_fini(&queue);
}
