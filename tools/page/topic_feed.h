/*
 * Reads the topic as anybody may: without a consumer group, from TOPIC_FEED_TAIL messages before
 * the end of each partition on, partitions that are added included. At a high rate it tells of some
 * and counts the rest.
 *
 * Threads: one of its own; open and close from main.
 */
#ifndef TOOLS_PAGE_TOPIC_FEED_H
#define TOOLS_PAGE_TOPIC_FEED_H

#include "common/kafka/kafka_settings.h"
#include "tools/page/mailbox.h"

#define TOPIC_FEED_TAIL 300

struct topic_feed;

/*
 * Mails MAIL_MESSAGES: {"up": bool, "read": monotonic ms, "partitions": [{partition, end}],
 * "messages": [...], "more": n}; up and the number of partitions are not older than read. settings'
 * strings and box are borrowed until close. ST_INVALID: a setting.
 */
MUST_CHECK enum status topic_feed_open(struct topic_feed **out,
				       const struct kafka_settings *settings, struct mailbox *box,
				       struct error *err);
/* After mailbox_close. */
void topic_feed_close(struct topic_feed *feed);

#endif
