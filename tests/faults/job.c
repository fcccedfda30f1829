#include "tests/faults/job.h"

#include <stdarg.h>

#include "tests/faults/kinds.h"

void job_report(struct fault_job *job, const char *fmt, ...)
{
	char text[JOURNAL_TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	run_fault(job->run, (size_t)(job->fault.kind - kinds_table), job->fault.kind->name, text);
}
