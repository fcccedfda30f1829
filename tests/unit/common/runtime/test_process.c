/* What main does first: no file or socket becomes stdin, stdout or stderr. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/runtime/process.h"
#include "tests/unit/unit.h"

TestSuite(process, .init = unit_deadline);

Test(process, a_standard_stream_that_is_closed_is_opened_on_dev_null)
{
	struct stat null, stream;
	int fd;

	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	process_prepare();
	cr_assert_eq(stat("/dev/null", &null), 0);
	for (fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++) {
		cr_assert_eq(fstat(fd, &stream), 0, "%d is closed", fd);
		cr_expect_eq(stream.st_rdev, null.st_rdev, "%d is something else", fd);
	}
	fd = open("/dev/zero", O_RDONLY);
	cr_expect_gt(fd, STDERR_FILENO);
	(void)close(fd);
}

Test(process, open_files_are_limited_by_the_hard_limit_only)
{
	struct rlimit limit;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 64;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	process_prepare();
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_expect_eq(limit.rlim_cur, limit.rlim_max);
}
