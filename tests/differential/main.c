/*
 * The trace of random calls in one world. usage: differential-WORLD pg SEED CALLS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/differential/dif_pg.h"

int main(int argc, char **argv)
{
	if (argc != 4 || strcmp(argv[1], "pg") != 0)
		return 2;
	dif_pg_run(strtoull(argv[2], NULL, 10), (int)strtol(argv[3], NULL, 10));
	return 0;
}
