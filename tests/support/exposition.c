#include "tests/support/exposition.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "tests/support/arena.h"

#define LABELS_MAX  8
#define SAMPLES_MAX 20000

struct label {
	const char *name, *value;
};

struct sample {
	const char *name;
	struct label labels[LABELS_MAX];
	size_t label_count;
	double value;
};

/* The series of a histogram that is being read. */
struct series {
	const char *key; /* its labels without le; NULL: none begun */
	double bound, count, sum;
	bool infinite, summed;
};

struct reader {
	const char *who;
	const char *line; /* the present one */
	struct exposition *out;
	struct family *family; /* the present one; NULL: none yet */
	bool typed;            /* its TYPE was there */
	struct series series;
	const char **seen; /* every sample's name and labels */
	size_t seen_count;
};

#define EXPECT(r, condition, what) cr_expect((condition), "%s: %s: %s", (r)->who, (what), (r)->line)

/* --- words --------------------------------------------------------------------------------- */

/* The name at *at, moved past it. */
static const char *read_name(struct reader *r, const char **at, bool colons)
{
	const char *first = *at;

	EXPECT(r, isalpha((unsigned char)*first) || *first == '_', "a name begins with a letter");
	while (isalnum((unsigned char)**at) || **at == '_' || (colons && **at == ':'))
		(*at)++;
	return arena_copy(first, (size_t)(*at - first));
}

/* Whether the text escapes as it may: \\, \n and, in a label, \". */
static bool escapes_well(const char *text, size_t len, const char *allowed)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\' && (++i == len || !strchr(allowed, text[i])))
			return false;
	}
	return true;
}

/* The quoted value at *at, moved past its end. */
static const char *read_value(struct reader *r, const char **at)
{
	const char *first = *at + 1, *end = first;

	EXPECT(r, **at == '"', "a label's value is in quotes");
	while (*end && *end != '"')
		end += *end == '\\' && end[1] ? 2 : 1;
	EXPECT(r, *end == '"', "a label's value ends with a quote");
	EXPECT(r, escapes_well(first, (size_t)(end - first), "\\n\""), "an unknown escape");
	*at = *end ? end + 1 : end;
	return arena_copy(first, (size_t)(end - first));
}

static void read_labels(struct reader *r, const char **at, struct sample *sample)
{
	do {
		struct label label;

		(*at)++;
		label.name = read_name(r, at, false);
		EXPECT(r, **at == '=', "a label has a value");
		*at += **at == '=';
		label.value = read_value(r, at);
		for (size_t i = 0; i < sample->label_count; i++)
			EXPECT(r, strcmp(sample->labels[i].name, label.name) != 0,
			       "a label comes twice");
		cr_assert_lt(sample->label_count, LABELS_MAX);
		sample->labels[sample->label_count++] = label;
	} while (**at == ',');
	EXPECT(r, **at == '}', "the labels end with a brace");
	*at += **at == '}';
}

static struct sample read_sample(struct reader *r)
{
	const char *at = r->line;
	struct sample sample = { .name = read_name(r, &at, true) };
	char *end;

	if (*at == '{')
		read_labels(r, &at, &sample);
	EXPECT(r, *at == ' ' && at[1] != ' ', "one space before the value");
	sample.value = strtod(at, &end);
	EXPECT(r, end > at + 1 && *end == '\0', "a number, and nothing after it");
	EXPECT(r, isfinite(sample.value), "a number that is none");
	return sample;
}

/* The labels but le, in one text: their names, or names and values. */
static const char *labels_text(const struct sample *sample, bool values)
{
	const char *text = "";

	for (size_t i = 0; i < sample->label_count; i++) {
		const struct label *label = &sample->labels[i];

		if (strcmp(label->name, "le") == 0)
			continue;
		text = arena_format("%s%s%s%s%s", text, *text ? "," : "", label->name,
				    values ? "=" : "", values ? label->value : "");
	}
	return text;
}

static const char *bound_of(const struct sample *sample)
{
	for (size_t i = 0; i < sample->label_count; i++) {
		if (strcmp(sample->labels[i].name, "le") == 0)
			return sample->labels[i].value;
	}
	return NULL;
}

/* --- histograms ---------------------------------------------------------------------------- */

static void read_bucket(struct reader *r, const struct sample *sample, const char *key)
{
	struct series *s = &r->series;
	const char *text = bound_of(sample);
	char *end = NULL;
	double bound = text ? strtod(text, &end) : NAN;

	EXPECT(r, text && *text && !*end, "a bucket has a bound");
	if (!s->key) {
		*s = (struct series){ .key = key, .bound = -INFINITY };
	} else {
		EXPECT(r, strcmp(s->key, key) == 0, "the buckets before have no sum and count");
	}
	EXPECT(r, bound > s->bound, "the bounds ascend");
	EXPECT(r, sample->value >= s->count, "the buckets ascend");
	s->bound = bound;
	s->count = sample->value;
	s->infinite = text && strcmp(text, "+Inf") == 0;
}

static void read_sum(struct reader *r, const struct sample *sample, const char *key)
{
	struct series *s = &r->series;

	EXPECT(r, s->key && strcmp(s->key, key) == 0 && s->infinite && !s->summed,
	       "a sum follows its buckets, up to +Inf");
	EXPECT(r, sample->value >= 0 && (s->count > 0 || sample->value == 0),
	       "a sum of what was observed");
	s->summed = true;
}

static void read_count(struct reader *r, const struct sample *sample, const char *key)
{
	struct series *s = &r->series;

	EXPECT(r, s->key && strcmp(s->key, key) == 0 && s->summed, "a count follows its sum");
	EXPECT(r, sample->value == s->count, "the count is that of the bucket +Inf");
	*s = (struct series){ 0 };
}

static void read_part(struct reader *r, const struct sample *sample)
{
	const char *key = labels_text(sample, true);
	const char *part = sample->name + strlen(r->family->name);

	if (strcmp(part, "_bucket") == 0)
		read_bucket(r, sample, key);
	else if (strcmp(part, "_sum") == 0)
		read_sum(r, sample, key);
	else if (strcmp(part, "_count") == 0)
		read_count(r, sample, key);
	else
		EXPECT(r, false, "no part of a histogram");
}

/* --- lines --------------------------------------------------------------------------------- */

static void expect_new(struct reader *r, const struct sample *sample)
{
	const char *bound = bound_of(sample);
	const char *key = arena_format("%s{%s}%s", sample->name, labels_text(sample, true),
				       bound ? bound : "");

	for (size_t i = 0; i < r->seen_count; i++)
		EXPECT(r, strcmp(r->seen[i], key) != 0, "a sample comes twice");
	cr_assert_lt(r->seen_count, SAMPLES_MAX);
	r->seen[r->seen_count++] = key;
}

static void take_sample(struct reader *r)
{
	struct sample sample = read_sample(r);
	struct family *f = r->family;
	bool histogram, own;

	cr_assert(f && r->typed, "%s: a sample without HELP and TYPE: %s", r->who, r->line);
	histogram = strcmp(f->type, "histogram") == 0;
	own = strncmp(sample.name, f->name, strlen(f->name)) == 0;
	EXPECT(r, own, "a sample of another family");
	expect_new(r, &sample);
	if (histogram && own)
		read_part(r, &sample);
	else
		EXPECT(r, strcmp(sample.name, f->name) == 0 && !bound_of(&sample),
		       "a sample of another family");
	EXPECT(r, strcmp(f->type, "counter") != 0 || sample.value >= 0, "a counter below 0");
	if (f->samples++ == 0)
		f->labels = labels_text(&sample, false);
	EXPECT(r, strcmp(f->labels, labels_text(&sample, false)) == 0,
	       "a family's samples have the same labels");
}

static void end_family(struct reader *r)
{
	EXPECT(r, !r->family || r->typed, "the family before has no TYPE");
	EXPECT(r, !r->series.key, "the histogram before has no sum and count");
	r->series = (struct series){ 0 };
}

static void take_help(struct reader *r, const char *at)
{
	const char *name = read_name(r, &at, true);

	end_family(r);
	EXPECT(r, *at == ' ' && strlen(at) > 2, "a help that says something");
	EXPECT(r, escapes_well(at, strlen(at), "\\n"), "an unknown escape");
	EXPECT(r, !exposition_family(r->out, name), "a family comes twice");
	cr_assert_lt(r->out->count, EXPOSITION_FAMILIES_MAX);
	r->family = &r->out->families[r->out->count++];
	*r->family = (struct family){ .name = name, .type = "", .labels = "" };
	r->typed = false;
}

static void take_type(struct reader *r, const char *at)
{
	const char *name = read_name(r, &at, true);
	size_t len = strlen(name);
	bool total = len > 6 && strcmp(name + len - 6, "_total") == 0;

	EXPECT(r, r->family && !r->typed && strcmp(r->family->name, name) == 0,
	       "a TYPE follows its HELP");
	EXPECT(r,
	       strcmp(at, " counter") == 0 || strcmp(at, " gauge") == 0 ||
		       strcmp(at, " histogram") == 0,
	       "an unknown type");
	EXPECT(r, total == (strcmp(at, " counter") == 0), "counters, and only they, end in _total");
	if (r->family)
		r->family->type = arena_copy(at + 1, strlen(at) - 1);
	r->typed = true;
}

struct exposition exposition_read(const char *who, const char *text)
{
	struct exposition out = { .count = 0 };
	struct reader r = { .who = who, .line = "", .out = &out };

	r.seen = arena_alloc(SAMPLES_MAX * sizeof(*r.seen));
	for (const char *end; *text; text = end + 1) {
		end = strchr(text, '\n');
		cr_assert(end, "%s: the last line has no end: %s", who, text);
		r.line = arena_copy(text, (size_t)(end - text));
		if (strncmp(r.line, "# HELP ", 7) == 0)
			take_help(&r, r.line + 7);
		else if (strncmp(r.line, "# TYPE ", 7) == 0)
			take_type(&r, r.line + 7);
		else
			take_sample(&r);
	}
	end_family(&r);
	return out;
}

const struct family *exposition_family(const struct exposition *exposition, const char *name)
{
	for (size_t i = 0; i < exposition->count; i++) {
		if (strcmp(exposition->families[i].name, name) == 0)
			return &exposition->families[i];
	}
	return NULL;
}
