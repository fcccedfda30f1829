/*
 * What the processors do, second by second, until SIGTERM or SIGINT: of which part of the stack, in
 * percent of all processors together. A lab shows it while it runs, and keeps the means.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/base/error.h"
#include "common/runtime/clock.h"
#include "common/runtime/process.h"
#include "common/runtime/stop.h"
#include "tools/cpu-sampler/ticks.h"

struct config {
	const char *pid_dir, *series;
};

static const struct config_key keys[] = {
	{ "PID_DIR", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, pid_dir), ".run/pid", 0, 0,
	  NULL, "folder of the stack's pid files" },
	{ "SERIES", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, series), "/dev/null", 0, 0,
	  NULL, "file that gets a line of figures each second, separated by tabs" },
	{ 0 },
};

static const struct config_program program = {
	.name = "cpu-sampler",
	.summary = "says what the processors do, and for which part of a stack",
	.tables = (const struct config_table[]){ { .keys = keys }, { 0 } },
	.manner =
		"Samples until SIGTERM or SIGINT, then prints the means as a JSON object: percent\n"
		"of all processors. The load generators are those of the program that started it.",
	.exit_status = "0 done; 1 not possible; 2 bad settings.",
};

static void print_header(FILE *series)
{
	(void)fputs("second", series);
	for (int part = 0; part < PART_COUNT; part++)
		(void)fprintf(series, "\t%s", ticks_part_names[part]);
	(void)fputs("\n", series);
	(void)fflush(series);
}

/* Samples until a signal; sums gets the percents of the count samples. */
static void put_percents(const struct ticks *before, const struct ticks *now,
			 double sums[PART_COUNT], FILE *series)
{
	for (int part = 0; part < PART_COUNT; part++) {
		double percent = ticks_percent(before, now, (enum part)part);

		sums[part] += percent;
		(void)fprintf(series, "\t%.1f", percent);
	}
}

static enum status sample(const struct config *config, FILE *series, double sums[PART_COUNT],
			  int64_t *count, struct error *err)
{
	int64_t start_ms = clock_mono_ms();
	struct ticks before, now;

	print_header(series);
	if (ticks_read(&before, config->pid_dir, getppid(), err) != ST_OK)
		return err->status;
	while (stop_wait(1000) == 0) {
		if (ticks_read(&now, config->pid_dir, getppid(), err) != ST_OK)
			return err->status;
		(void)fprintf(series, "%.2f", (double)(clock_mono_ms() - start_ms) / 1e3);
		put_percents(&before, &now, sums, series);
		(void)fputs("\n", series);
		(void)fflush(series);
		before = now;
		(*count)++;
	}
	return ST_OK;
}

static void print_means(const double sums[PART_COUNT], int64_t count)
{
	(void)printf("{\"seconds\":%" PRId64, count);
	for (int part = 0; part < PART_COUNT; part++)
		(void)printf(",\"%s\":%.1f", ticks_part_names[part],
			     count > 0 ? sums[part] / (double)count : 0);
	(void)puts("}");
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	int done;
	double sums[PART_COUNT] = { 0 };
	struct error err = { 0 };
	int64_t count = 0;
	FILE *series;

	process_prepare();
	done = config_main(&program, argc, argv, &config);
	if (done >= 0)
		return done;
	stop_block_signals();
	series = fopen(config.series, "we");
	if (!series) {
		(void)fprintf(stderr, "cpu-sampler: %s cannot be written\n", config.series);
		return 2;
	}
	if (sample(&config, series, sums, &count, &err) == ST_OK)
		print_means(sums, count);
	else
		(void)fprintf(stderr, "cpu-sampler: %s\n", err.msg);
	(void)fclose(series);
	return err.status == ST_OK ? 0 : 1;
}
