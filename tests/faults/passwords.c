#include "tests/faults/passwords.h"

#include <stdio.h>

void passwords_each(const char *run_dir,
		    void (*take)(void *context, const char *role, const char *password),
		    void *context)
{
	char path[4096], line[300], role[PASSWORDS_SIZE], password[PASSWORDS_SIZE];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/pgpass", run_dir);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "127.0.0.1:*:*:%63[^:]:%63s", role, password) == 2)
			take(context, role, password);
	}
	if (file)
		(void)fclose(file);
}
