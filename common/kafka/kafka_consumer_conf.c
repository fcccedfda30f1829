#include "common/kafka/kafka_consumer_conf.h"

#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_workarounds.h"

enum status kafka_consumer_conf(rd_kafka_conf_t **out, const struct kafka_settings *settings,
				const char *group, struct error *err)
{
	const bool by_brokers = settings->new_groups;
	/* clang-format off */
	const char *const pairs[] = {
		"group.id", group,
		/* Where the log begins, if that is later; the owner is told of no message before it. */
		"auto.offset.reset", "earliest",
		/* An end may lie behind control records, which are no messages. */
		"enable.partition.eof", "true",
		"enable.auto.offset.store", "false",
		"auto.commit.interval.ms", "1000",
		/*
		 * What librdkafka holds for us; the lanes hold their own bounded share. librdkafka
		 * 2.0.2 fetches no more while it holds queued.min.messages, and nothing tells it
		 * that they are taken: it looks again after a second, or when its thread wakes for
		 * another reason, such as the metadata (confluentinc/librdkafka issue 2879).
		 */
		"queued.max.messages.kbytes", "16384",
		"queued.min.messages", "30000",
		"topic.metadata.refresh.interval.ms", "200",
		"fetch.max.bytes", "4194304",
		"fetch.error.backoff.ms", "100",
		/* A partition that comes or is resumed waits for the fetch of the others to end. */
		"fetch.wait.max.ms", "100",
		/* A broker that hangs is asked once, and its successor then. */
		"socket.timeout.ms", "7000",
		"socket.connection.setup.timeout.ms", "5000",
		"statistics.interval.ms", KAFKA_WORKAROUNDS_STATISTICS_MS,
		/*
		 * With KIP-848 the brokers assign, and say how long a session and how often a
		 * heartbeat is: librdkafka refuses the rest of the list, which ends here then.
		 */
		by_brokers ? "group.protocol" : "partition.assignment.strategy",
		by_brokers ? "consumer" : "cooperative-sticky",
		/* How soon others take over from a member that died; the least that brokers allow. */
		by_brokers ? NULL : "session.timeout.ms", "6000",
		/* Also how soon a member hears that another one comes or goes. */
		"heartbeat.interval.ms", "300",
		NULL,
	};
	/* clang-format on */

	if (kafka_conf(out, settings, pairs, kafka_fixed_consumer, err) == ST_OK)
		return ST_OK;
	if (by_brokers && rd_kafka_version() < 0x020c0000)
		return error_wrap(err,
				  "KAFKA_GROUP_PROTOCOL=consumer with librdkafka %s, which is "
				  "older than 2.12",
				  rd_kafka_version_str());
	return err->status;
}
