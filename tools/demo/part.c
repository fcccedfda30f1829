#include "tools/demo/part.h"

#include <stdio.h>

#include "common/runtime/pid_file.h"

size_t part_numbers(const char *run_dir, const char *kind, int numbers[PART_NUMBERS_MAX])
{
	char name[64];
	size_t count = 0;

	if (pid_file_find(run_dir, kind))
		numbers[count++] = 1;
	for (int number = 1; number < PART_NUMBERS_MAX && count < PART_NUMBERS_MAX; number++) {
		(void)snprintf(name, sizeof(name), "%s-%d", kind, number);
		if (pid_file_find(run_dir, name))
			numbers[count++] = number;
	}
	return count;
}
