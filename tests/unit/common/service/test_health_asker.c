/* A check that hangs holds up nobody, and an answer is never older than its question. */
#include <pthread.h>
#include <stdatomic.h>

#include "common/runtime/clock.h"
#include "common/service/health_asker.h"
#include "tests/unit/unit.h"

TestSuite(health_asker, .init = unit_deadline);

enum { SOON_MS = 10, LONG_MS = 60000 };

/* A dependency that hangs while it is told to. */
struct dependency {
	_Atomic bool works, hangs;
	_Atomic int asked;
};

static bool ask(void *context, struct strbuf *why)
{
	struct dependency *dependency = context;
	bool works = atomic_load(&dependency->works);

	atomic_fetch_add(&dependency->asked, 1);
	while (atomic_load(&dependency->hangs))
		clock_pause_ms(1);
	if (!works)
		strbuf_puts(why, "refused");
	return works;
}

static struct health_asker *opened(struct dependency *dependency)
{
	struct health_asker *asker;
	struct error err;

	cr_assert_eq(health_asker_open(&asker, "database", ask, dependency, &err), ST_OK);
	return asker;
}

/* The answer's reason, "up" if there is none. */
static const char *answer_to(struct health_asker *asker, int64_t number, int64_t wait_ms)
{
	static char text[200];
	struct strbuf why = STRBUF_ON(text);

	text[0] = '\0';
	return health_asker_end(asker, number, clock_mono_ms() + wait_ms, &why) ? "up" : text;
}

static const char *answer(struct health_asker *asker, int64_t wait_ms)
{
	return answer_to(asker, health_asker_begin(asker), wait_ms);
}

static void await_asked(const struct dependency *dependency, int times)
{
	while (atomic_load(&dependency->asked) < times)
		clock_pause_ms(1);
}

Test(health_asker, tells_what_the_check_says)
{
	struct dependency dependency = { .works = true };
	struct health_asker *asker = opened(&dependency);

	expect_text(answer(asker, LONG_MS), "up");
	atomic_store(&dependency.works, false);
	expect_text(answer(asker, LONG_MS), "database: refused");
	atomic_store(&dependency.works, true);
	expect_text(answer(asker, LONG_MS), "up");
	cr_expect_eq(atomic_load(&dependency.asked), 3);
	health_asker_close(asker);
}

Test(health_asker, a_check_that_hangs_is_down_and_soon_not_waited_for)
{
	struct dependency dependency = { .works = true, .hangs = true };
	struct health_asker *asker = opened(&dependency);

	expect_text(answer(asker, SOON_MS), "database: no answer for 0 s");
	clock_pause_ms(HEALTH_ASKER_PATIENCE_MS + 1);
	/* Waiting for it would end this test by its deadline. */
	for (int i = 0; i < 10; i++)
		expect_part(answer(asker, LONG_MS), "database: no answer for ");
	cr_expect_eq(atomic_load(&dependency.asked), 1);
	atomic_store(&dependency.hangs, false);
	while (strcmp(answer(asker, LONG_MS), "up") != 0)
		clock_pause_ms(1);
	health_asker_close(asker);
}

Test(health_asker, an_answer_to_an_older_question_is_nobodys)
{
	struct dependency dependency = { .works = true, .hangs = true };
	struct health_asker *asker = opened(&dependency);
	int64_t first = health_asker_begin(asker), second;

	await_asked(&dependency, 1);
	atomic_store(&dependency.works, false);
	second = health_asker_begin(asker);
	cr_expect_eq(health_asker_begin(asker), second, "they share an answer");
	atomic_store(&dependency.hangs, false);
	expect_text(answer_to(asker, second, LONG_MS), "database: refused");
	cr_expect_lt(first, second);
	cr_expect_eq(atomic_load(&dependency.asked), 2);
	health_asker_close(asker);
}
