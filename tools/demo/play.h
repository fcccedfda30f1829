/*
 * The lab from nothing to its verdict:
 *   1. One partition, one delivery-service: an order that is modified and then cancelled ends in
 *      DELIVERY CANCELLED.
 *   2. While all runs, the topic gets a second partition and delivery-service a second replica.
 *   3. Without keys, the same calls end, wrongly, in DELIVERY MODIFIED.
 *   4. With the order id as the key, they end in DELIVERY CANCELLED again.
 *
 * Threads: main.
 */
#ifndef TOOLS_DEMO_PLAY_H
#define TOOLS_DEMO_PLAY_H

#include "tools/demo/lab.h"

/* *reproduced: every scenario ended as the lab shows it. */
MUST_CHECK enum status play_lab(struct lab *lab, bool *reproduced, struct error *err);

/* Stops what the lab started; says so. Nothing cuts it off. */
void play_end(struct lab *lab);

#endif
