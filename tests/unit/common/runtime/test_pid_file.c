#include "common/runtime/pid_file.h"
#include "tests/unit/unit.h"

TestSuite(pid_file, .init = unit_deadline);

static bool is_alive(const char *line, unsigned long long started)
{
	struct pid_file_stat stat;

	return pid_file_parse_stat(line, &stat) && pid_file_lives(&stat) &&
	       stat.start_time == started;
}

Test(pid_file, a_process_id_that_somebody_else_has_is_not_the_part)
{
	static const char stat[] = "21 (a b) c) S 1 21 21 0 -1 4 1 0 0 0 1 2 0 0 20 0 1 0 4711 8";
	static const char zombie[] = "21 (x) Z 1 21 21 0 -1 4 1 0 0 0 1 2 0 0 20 0 1 0 4711 8";
	static const char ending[] = "21 (x) Z 1 21 21 0 -1 4 1 0 0 0 1 2 0 0 20 0 3 0 4711 8";

	cr_expect(is_alive(stat, 4711));
	cr_expect_not(is_alive(stat, 4712));
	cr_expect_not(is_alive(zombie, 4711));
	cr_expect(is_alive(ending, 4711));
	cr_expect_not(is_alive("", 4711));
}
