/*
 * The trace of random calls in one world. usage: differential-WORLD pg|kafka SEED CALLS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/differential/dif_kafka.h"
#include "tests/differential/dif_pg.h"

int main(int argc, char **argv)
{
	uint64_t seed;
	int calls;

	if (argc != 4)
		return 2;
	seed = strtoull(argv[2], NULL, 10);
	calls = (int)strtol(argv[3], NULL, 10);
	if (strcmp(argv[1], "pg") == 0)
		dif_pg_run(seed, calls);
	else if (strcmp(argv[1], "kafka") == 0)
		dif_kafka_run(seed, calls);
	else
		return 2;
	return 0;
}
