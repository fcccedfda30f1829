/*
 * The replicas of a topic as a picture: a row for each partition, a column for each broker.
 *
 * Threads: any; it keeps nothing.
 */
#ifndef TOOLS_TOPICS_PICTURE_H
#define TOOLS_TOPICS_PICTURE_H

#include <librdkafka/rdkafka.h>
#include <stdio.h>

/* Nothing where one broker has it all, or so many have it that 80 columns are too few. A follower
 * that is not in sync is "behind"; so is a broker that is away. */
void picture_show(FILE *out, const struct rd_kafka_metadata_topic *topic);

#endif
