/* What a service does, seen from outside: the time that it computes, and what it prints. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/service.h"

int64_t proc_computed_ms(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned long user = 0, kernel = 0;

	cr_assert_not_null(file, "%s", path);
	/* Fields 14 and 15; the second one is the name, which has no blanks here. */
	cr_assert_eq(fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			    &user, &kernel),
		     2);
	(void)fclose(file);
	return (int64_t)(user + kernel) * 1000 / sysconf(_SC_CLK_TCK);
}

int64_t service_computed_ms(const struct service *service)
{
	return proc_computed_ms(arena_format("/proc/%d/stat", service->pid));
}

bool service_counted(const struct service *service, int times)
{
	FILE *file = fopen(service->log, "re");
	int counts[1001] = { 0 }, wrong = 0;
	char line[4096], *end;

	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file)) {
		long n = strtol(line, &end, 10);

		if (end == line || *end != '\n')
			continue; /* of the log */
		cr_assert(n >= 0 && n <= 1000, "%s", line);
		counts[n]++;
	}
	(void)fclose(file);
	for (int n = 0; n <= 1000; n++)
		wrong += counts[n] != times;
	return wrong == 0;
}
