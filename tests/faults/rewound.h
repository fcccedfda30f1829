/*
 * What is true of the orders after the database has lost some: the acknowledgements since then
 * against the tables. The history as a whole has holes, which the history checker would name.
 *
 * Threads: any.
 */
#ifndef TESTS_FAULTS_REWOUND_H
#define TESTS_FAULTS_REWOUND_H

#include <stdint.h>

struct rewound {
	int64_t last_id;    /* the highest id of an order acknowledged before */
	int64_t operations; /* acknowledged since, on orders with a higher id: one that was under
			       way may still go to an order from before */
	int64_t repeated;   /* orders placed since whose id is not above last_id */
};

/* acks: the clients' file, of which the first size bytes are from before. */
void rewound_read(struct rewound *rewound, const char *acks, int64_t size);

/* Operations on orders that were placed since; -1: no answer. */
int64_t rewound_stored(const struct rewound *rewound, const char *database_url);

/* Orders that were placed since, without a delivery that is as they are; -1: no answer. */
int64_t rewound_differing(const struct rewound *rewound, const char *database_url);

#endif
