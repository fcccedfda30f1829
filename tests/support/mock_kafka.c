#include "tests/support/mock_kafka.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/fixture.h"

rd_kafka_mock_cluster_t *mock_kafka_open(int brokers, int partitions)
{
	char why[200];
	rd_kafka_t *host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof(why));
	rd_kafka_mock_cluster_t *cluster;
	const char *bootstraps;
	char port[8] = "";

	cr_assert_not_null(host, "%s", why);
	cluster = rd_kafka_mock_cluster_new(host, brokers);
	cr_assert_not_null(cluster);
	cr_assert_eq(rd_kafka_mock_topic_create(cluster, fixture.topic, partitions, brokers), 0);
	/* The first broker tells of the others. */
	bootstraps = strchr(rd_kafka_mock_cluster_bootstraps(cluster), ':') + 1;
	(void)strncat(port, bootstraps, strspn(bootstraps, "0123456789"));
	cr_assert_eq(setenv("KAFKA_PORT", port, 1), 0);
	return cluster;
}
