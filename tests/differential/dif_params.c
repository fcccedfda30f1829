/*
 * The values of random calls, from a statement's params: a letter each, * before it for an array.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/differential/dif_statement.h"

#define ELEMENTS_MAX 3

/* One call's values: which orders, partitions, ids are at which place of its arrays. */
struct draw {
	struct dif_step *step;
	struct sim_random *random;
	const struct dif_caller *caller;
	int count; /* of elements */
	int64_t order[ELEMENTS_MAX], partition[ELEMENTS_MAX], id[ELEMENTS_MAX], row[ELEMENTS_MAX];
	int64_t offset[ELEMENTS_MAX], key[ELEMENTS_MAX];
};

static void __attribute__((format(printf, 2, 3)))
say(struct dif_step *step, const char *format, ...)
{
	size_t len = strlen(step->text);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(step->text + len, sizeof(step->text) - len, format, arguments);
	va_end(arguments);
}

/* Distinct ones from first to first + size - 1, which is a prime number. */
static void draw_distinct(struct sim_random *random, int64_t *out, int count, int64_t first,
			  int64_t size)
{
	int64_t at = sim_random_below(random, size), by = sim_random_between(random, 1, size - 1);

	for (int i = 0; i < count; i++, at = (at + by) % size)
		out[i] = first + at;
}

static const char *const delivery_status[] = { "DELIVERY STARTED", "DELIVERY MODIFIED",
					       "DELIVERY CANCELLED" };
static const char *const order_status[] = { "ORDER PLACED", "ORDER MODIFIED", "ORDER CANCELLED" };
static const char *const event[] = { "OrderPlaced", "OrderModified", "OrderCancelled" };
static const char *const word[] = { "apple", "", "pear", "ten plums" };
static const char *const other_topic[] = { "topic", "other", "third" };

static enum pg_array_type type_of(char letter)
{
	if (strchr("pvuqlLM", letter))
		return letter == 'M' ? PG_ARRAY_INT8 : PG_ARRAY_INT4;
	if (strchr("twxshSkKaWYT", letter))
		return PG_ARRAY_TEXT;
	if (strchr("bB", letter))
		return PG_ARRAY_BYTEA;
	return letter == 'z' ? PG_ARRAY_TIMESTAMPTZ : PG_ARRAY_INT8;
}

static int64_t number_of(struct draw *d, char letter, int i)
{
	struct sim_random *r = d->random;

	switch (letter) {
	case 'p':
		return d->partition[i];
	case 'r':
		return d->order[i];
	case 'd': /* the delivery of that order */
		return 100 + d->order[i];
	case 'i':
		return d->id[i];
	case 'j':
		return d->row[i];
	case 'o':
		return d->offset[i] = sim_random_below(r, 12);
	case 'g': /* an end, behind the offset before it */
		return d->offset[i] + sim_random_between(r, 1, 4);
	case 'u':
		return sim_random_below(r, 4);
	case 'e':
	case 'm':
		return sim_random_below(r, 6) / (letter == 'e' ? 2 : 1);
	case 'L':
		return 100;
	case 'M':
		return sim_random_between(r, 1, 8);
	case 'A':
		return sim_random_between(r, 1, 60);
	case 'N': /* of the rows only so many are as they were read */
		return sim_random_below(r, d->count + 1);
	default:
		return sim_random_between(r, 1, 4);
	}
}

/* NULL: an SQL null. buffer: for what is made. */
static const char *text_of(struct draw *d, char letter, int i, char buffer[32])
{
	struct sim_random *r = d->random;

	switch (letter) {
	case 't':
		return d->caller->topic;
	case 'T':
		return other_topic[sim_random_below(r, 3)];
	case 'w':
		return d->caller->name;
	case 'a':
		return d->caller->application;
	case 'W':
		return d->caller->writers[0] ? d->caller->writers : NULL;
	case 's':
		return delivery_status[sim_random_below(r, 3)];
	case 'S':
		return order_status[sim_random_below(r, 3)];
	case 'h':
		return event[sim_random_below(r, 3)];
	case 'K':
	case 'k':
		if (letter == 'k' && sim_random_chance(r, 400))
			return NULL;
		(void)snprintf(buffer, 32, "k%" PRId64, d->key[i]);
		return buffer;
	case 'Y':
	case 'B':
		if (sim_random_chance(r, 300))
			return NULL;
		break;
	default:
		return word[sim_random_below(r, 4)];
	}
	(void)snprintf(buffer, 32, "%c%" PRId64, letter, sim_random_below(r, 30));
	return buffer;
}

static void add_element(struct draw *d, struct pg_array *a, char letter, int i)
{
	char buffer[32];
	const char *text;
	int64_t number;

	if (a->type == PG_ARRAY_TEXT || a->type == PG_ARRAY_BYTEA) {
		text = letter == 'b' ? word[sim_random_below(d->random, 4)]
				     : text_of(d, letter, i, buffer);
		say(d->step, "%s%s", i ? "," : "", text ? text : "null");
		if (text)
			pg_array_bytes(a, text, strlen(text));
		else
			pg_array_null(a);
		return;
	}
	number = number_of(d, letter, i);
	say(d->step, "%s%" PRId64, i ? "," : "", number);
	if (a->type == PG_ARRAY_INT4)
		pg_array_i32(a, (int32_t)number);
	else if (a->type == PG_ARRAY_INT8)
		pg_array_i64(a, number);
	else
		pg_array_wall_ms(a, 1700000000000 + number);
}

static void add_array(struct draw *d, struct pg_params *p, struct pg_array *a, char letter)
{
	int count = letter == 'T' ? (int)sim_random_below(d->random, 2) : d->count;

	pg_array_init(a, type_of(letter));
	say(d->step, " [");
	for (int i = 0; i < count; i++)
		add_element(d, a, letter, i);
	say(d->step, "]");
	pg_param_array(p, a);
}

static void add_scalar(struct draw *d, struct pg_params *p, char letter)
{
	char buffer[32];
	const char *text;
	int64_t number;

	if (type_of(letter) == PG_ARRAY_TEXT) {
		text = text_of(d, letter, 0, buffer);
		/* Whom relay_writers named is another one in each world. */
		if (letter != 'W')
			say(d->step, " %s", text ? text : "null");
		pg_param_text(p, text);
		return;
	}
	number = number_of(d, letter, 0);
	say(d->step, " %" PRId64, number);
	if (type_of(letter) == PG_ARRAY_INT4)
		pg_param_i32(p, (int32_t)number);
	else
		pg_param_i64(p, number);
}

void dif_step_init(struct dif_step *step)
{
	memset(step, 0, sizeof(*step));
}

void dif_step_fini(struct dif_step *step)
{
	for (size_t c = 0; c < DIF_CALLS_MAX; c++) {
		for (int i = 0; i < PG_PARAMS_MAX; i++)
			pg_array_fini(&step->arrays[c][i]);
	}
}

void dif_step_add(struct dif_step *step, const char *name, struct sim_random *random,
		  const struct dif_caller *caller)
{
	const struct dif_statement *s = dif_statement_of(name);
	struct draw d = { .step = step, .random = random, .caller = caller };
	size_t n = step->count++;
	int arrays = 0;

	say(step, "%s%s", n ? "; " : "", name);
	step->statements[n] = s;
	step->calls[n] = (struct pg_call){ name, s ? &step->params[n] : NULL, NULL };
	if (!s)
		return;
	d.count = (int)sim_random_between(random, 1, ELEMENTS_MAX);
	draw_distinct(random, d.order, d.count, 1, 5);
	draw_distinct(random, d.partition, d.count, 0, 3);
	draw_distinct(random, d.id, d.count, 1, 13);
	draw_distinct(random, d.row, d.count, 1, 23);
	draw_distinct(random, d.key, d.count, 1, 11);
	for (const char *p = s->params; *p; p++) {
		if (*p != '*')
			add_scalar(&d, &step->params[n], *p);
		else
			add_array(&d, &step->params[n], &step->arrays[n][arrays++], *++p);
	}
}
