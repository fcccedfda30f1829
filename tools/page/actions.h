/*
 * What a viewer may do to the stack: fixed commands with checked arguments, the same that `make`
 * calls. One runs at a time.
 *
 * Threads: the loop's; a command runs on a thread of its own.
 */
#ifndef TOOLS_PAGE_ACTIONS_H
#define TOOLS_PAGE_ACTIONS_H

#include "tools/page/mailbox.h"

struct actions;

/*
 * project: the folder of the scripts; NULL: there are none, and every action is refused.
 * Strings and box are borrowed until close. NULL: out of memory.
 */
struct actions *actions_open(const char *project, struct mailbox *box);
/* Ends the command that runs, with what it started in its group (SIGTERM), and waits until none of
 * them has our pipe: a command that takes time to tidy up closes its output first. */
void actions_close(struct actions *actions);

/*
 * Starts the action with arguments, a JSON object; what it prints is in that language ("en", "ko";
 * static). Mails MAIL_OUTPUT for what it prints, by whole
 * lines: {"id": n, "action": name, "text": ...}, and MAIL_ACTION when it ends:
 * {"id": n, "action": name, "status": exit status, "output": its last lines, "ended": monotonic
 * ms}. *id is that number. ST_INVALID: no such action, or its arguments. ST_CONFLICT: another one
 * runs. ST_REFUSED: there is no stack to act on.
 */
MUST_CHECK enum status actions_start(struct actions *actions, const char *language,
				     const char *name, const json_t *arguments, int64_t *id,
				     struct error *err);

#endif
