#include "tools/load/tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_MAX 600

struct tally {
	/* Those answered from the front, the others from the back: together they are all. */
	int64_t *times_us;
	int64_t count_max;
	int64_t answered, errors, timed_out, unsent;
	int64_t statuses[STATUS_MAX]; /* of the errors */
	FILE *series;
	int64_t start_us, lines; /* of the series */
	int64_t line_first;      /* the first answered of the line to come */
};

enum status tally_open(struct tally **out, int64_t count_max, const char *series, struct error *err)
{
	struct tally *tally = calloc(1, sizeof(*tally));

	if (tally)
		tally->times_us = calloc((size_t)count_max, sizeof(*tally->times_us));
	if (!tally || !tally->times_us) {
		tally_close(tally);
		return error_set(err, ST_INTERNAL, "out of memory");
	}
	tally->count_max = count_max;
	tally->series = fopen(series, "we");
	if (!tally->series) {
		tally_close(tally);
		return error_set(err, ST_INVALID, "%s cannot be written", series);
	}
	(void)fputs("second\tover\tanswered\terrors\ttimed_out\tp50_ms\tp99_ms\tlongest_ms\n",
		    tally->series);
	*out = tally;
	return ST_OK;
}

void tally_close(struct tally *tally)
{
	if (!tally)
		return;
	if (tally->series)
		(void)fclose(tally->series);
	free(tally->times_us);
	free(tally);
}

void tally_start(struct tally *tally, int64_t mono_us)
{
	tally->start_us = mono_us;
}

int64_t tally_over(const struct tally *tally)
{
	return tally->answered + tally->errors + tally->timed_out;
}

/* --- counting ------------------------------------------------------------------------------ */

void tally_answered(struct tally *tally, int64_t time_us)
{
	tally->times_us[tally->answered++] = time_us;
}

/* To be called before it is counted. */
static void note_failed(struct tally *tally, int64_t time_us)
{
	tally->times_us[tally->count_max - 1 - tally->errors - tally->timed_out] = time_us;
}

void tally_error(struct tally *tally, int status, int64_t time_us)
{
	note_failed(tally, time_us);
	tally->errors++;
	tally->statuses[status > 0 && status < STATUS_MAX ? status : 0]++;
}

void tally_timed_out(struct tally *tally, int64_t time_us)
{
	note_failed(tally, time_us);
	tally->timed_out++;
}

void tally_unsent(struct tally *tally, int64_t time_us)
{
	tally_timed_out(tally, time_us);
	tally->unsent++;
}

/* --- times --------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void sort(int64_t *times_us, int64_t count)
{
	if (count > 0)
		qsort(times_us, (size_t)count, sizeof(*times_us), by_value);
}

/* Of sorted times; 0 of none. */
static int64_t percentile(const int64_t *times_us, int64_t count, int64_t percent)
{
	int64_t rank = (count * percent + 99) / 100;

	return count > 0 ? times_us[rank > 0 ? rank - 1 : 0] : 0;
}

static void write_line(struct tally *tally, int64_t second)
{
	int64_t *times_us = tally->times_us + tally->line_first;
	int64_t count = tally->answered - tally->line_first;

	sort(times_us, count);
	(void)fprintf(tally->series,
		      "%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64
		      "\t%.3f\t%.3f\t%.3f\n",
		      second, tally_over(tally), tally->answered, tally->errors, tally->timed_out,
		      (double)percentile(times_us, count, 50) / 1e3,
		      (double)percentile(times_us, count, 99) / 1e3,
		      (double)percentile(times_us, count, 100) / 1e3);
	(void)fflush(tally->series);
	tally->line_first = tally->answered;
}

void tally_tick(struct tally *tally, int64_t mono_us)
{
	if (mono_us - tally->start_us < (tally->lines + 1) * 1000000)
		return;
	tally->lines = (mono_us - tally->start_us) / 1000000;
	write_line(tally, tally->lines);
}

/* --- the result ---------------------------------------------------------------------------- */

/* Sorts the times. Returns owned. */
static json_t *times(int64_t *times_us, int64_t count)
{
	double sum = 0;

	for (int64_t i = 0; i < count; i++)
		sum += (double)times_us[i];
	sort(times_us, count);
	return json_pack("{s:f, s:f, s:f, s:f}", "mean", count > 0 ? sum / (double)count / 1e3 : 0,
			 "p50", (double)percentile(times_us, count, 50) / 1e3, "p99",
			 (double)percentile(times_us, count, 99) / 1e3, "longest",
			 (double)percentile(times_us, count, 100) / 1e3);
}

/* Returns owned. */
static json_t *statuses(const struct tally *tally)
{
	json_t *object = json_object();

	for (int i = 0; i < STATUS_MAX; i++) {
		char name[16] = "none";

		if (tally->statuses[i] == 0)
			continue;
		if (i > 0)
			(void)snprintf(name, sizeof(name), "%d", i);
		(void)json_object_set_new(object, name, json_integer(tally->statuses[i]));
	}
	return object;
}

json_t *tally_result(struct tally *tally, int64_t mono_us)
{
	int64_t failed = tally->errors + tally->timed_out;
	json_t *of_answered, *of_all;

	write_line(tally, tally->lines + 1);
	of_answered = times(tally->times_us, tally->answered);
	memmove(tally->times_us + tally->answered, tally->times_us + tally->count_max - failed,
		(size_t)failed * sizeof(*tally->times_us));
	of_all = times(tally->times_us, tally->answered + failed);
	return json_pack("{s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:o}", "answered",
			 (json_int_t)tally->answered, "errors", (json_int_t)tally->errors,
			 "timed_out", (json_int_t)tally->timed_out, "unsent",
			 (json_int_t)tally->unsent, "statuses", statuses(tally), "took_ms",
			 (json_int_t)((mono_us - tally->start_us) / 1000), "answered_ms",
			 of_answered, "all_ms", of_all);
}
