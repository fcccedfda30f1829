/*
 * What the service manager that started this process is told: systemd, or anything that sets
 * NOTIFY_SOCKET and takes one datagram for each message. Without NOTIFY_SOCKET nothing happens.
 *
 * The protocol is stable and small, and systemd's own manual shows how to speak it without its
 * library: that would be one more in each image, for one datagram.
 *
 * Threads: any.
 */
#ifndef COMMON_RUNTIME_NOTIFY_H
#define COMMON_RUNTIME_NOTIFY_H

/* READY=1, STOPPING=1 or WATCHDOG=1. Waits a second at most for a manager that takes nothing; a
 * message that is lost is not sent again. */
void notify_manager(const char *message);

#endif
