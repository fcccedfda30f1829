/* A command that runs does not hold up the page's end. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tools/page/actions.h"

TestSuite(page_actions, .init = unit_deadline);

/* It runs for an hour, with a child of its own. When it is ended it tidies up: it waits for its
 * child, which has to be ended, too, and until it is told to go. */
#define SCRIPT                                                                                     \
	"#!/bin/sh\n"                                                                              \
	"trap 'exec >/dev/null 2>&1; wait; until [ -e \"$0.go\" ]; do sleep 0.05; done; "          \
	": >\"$0.end\"; exit' TERM\n"                                                              \
	"sh -c 'echo begun; exec sleep 3600' &\n"                                                  \
	"wait\n"

static char project[] = "/tmp/page-actions-XXXXXX";

static const char *in_project(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", project, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	int fd = open(in_project(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0700);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static void make_project(void)
{
	cr_assert(mkdtemp(project));
	cr_assert_eq(mkdir(in_project("lab"), 0700), 0);
	write_file("lab/innocent.sh", SCRIPT);
}

static void await_mail(struct mailbox *box)
{
	struct pollfd p = { .fd = box->fd, .events = POLLIN };
	struct mail mail;

	cr_assert_eq(poll(&p, 1, -1), 1);
	cr_assert(mailbox_take(box, &mail));
	cr_expect_eq(mail.kind, MAIL_OUTPUT);
	json_decref(mail.content);
}

Test(page_actions, a_command_is_ended_with_the_page_and_not_waited_for)
{
	struct mailbox box;
	struct actions *actions;
	struct error err;
	int64_t id;

	make_project();
	cr_assert_eq(mailbox_init(&box, &err), ST_OK);
	actions = actions_open(project, &box);
	cr_assert(actions);
	cr_assert_eq(actions_start(actions, "en", "load", NULL, &id, &err), ST_OK, "%s", err.msg);
	await_mail(&box);
	mailbox_close(&box);
	actions_close(actions);
	write_file("lab/innocent.sh.go", "");
	while (access(in_project("lab/innocent.sh.end"), F_OK) != 0)
		(void)usleep(1000);
	mailbox_fini(&box);
}
