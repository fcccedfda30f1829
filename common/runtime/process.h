/*
 * What a program does first of all, before it opens anything.
 *
 * Threads: main, before any other.
 */
#ifndef COMMON_RUNTIME_PROCESS_H
#define COMMON_RUNTIME_PROCESS_H

/*
 * Opens /dev/null on each of the descriptors 0 to 2 that is closed: a socket or a file that got one
 * of them would receive what is printed and logged. Raises the limit of open files to its hard
 * limit.
 */
void process_prepare(void);

#endif
