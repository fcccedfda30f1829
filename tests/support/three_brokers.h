/*
 * Ports for a lab that a test runs as a user does: three brokers, three controllers, PostgreSQL and
 * the services.
 */
#ifndef TESTS_SUPPORT_THREE_BROKERS_H
#define TESTS_SUPPORT_THREE_BROKERS_H

#define THREE_BROKERS_PORTS 10

struct three_brokers {
	int first_port;
	const char *settings[9]; /* for program_run; ended by NULL */
};

/* On ports that are free. more: a further setting, NULL: none. */
void three_brokers_choose(struct three_brokers *lab, const char *more);

#endif
