/* Sessions of PostgreSQL, ended as an administrator does it, and by the kernel. */
#include "tests/faults/break.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "tests/support/database.h"
#include "tests/support/process.h"

/* The pid of one of the services' sessions; 0: there is none. */
static pid_t choose_session(const struct fault_job *job)
{
	char statement[300];
	int64_t pid;

	(void)snprintf(statement, sizeof(statement),
		       "select pid from pg_stat_activity "
		       "where usename in ('order_service', 'delivery_service') "
		       "order by md5(pid || ' %" PRId32 "') limit 1",
		       job->fault.number);
	pid = database_number(job->run->settings->database_url, statement);
	return pid > 0 ? (pid_t)pid : 0;
}

/* As an administrator does it. */
bool break_end_backend(struct fault_job *job)
{
	pid_t session = choose_session(job);
	char statement[80], ended[8];

	(void)snprintf(statement, sizeof(statement), "select pg_terminate_backend(%d)",
		       (int)session);
	if (session > 0 &&
	    database_text(job->run->settings->database_url, statement, ended, sizeof(ended)) &&
	    ended[0] == 't')
		job_report(job, "pg_terminate_backend of a service's session (pid %d)",
			   (int)session);
	return false;
}

/* PostgreSQL ends all of its sessions then, and recovers. */
bool break_kill_backend(struct fault_job *job)
{
	pid_t session = choose_session(job);

	/* Its parent is our server. */
	if (session <= 0 || !job_find(job) || process_parent(session) != job->pid ||
	    kill(session, SIGKILL) != 0)
		return false;
	job_report(job, "kill -9 of a service's database session (pid %d)", (int)session);
	return true;
}
