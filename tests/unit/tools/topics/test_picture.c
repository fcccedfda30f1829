/* Which broker has which partition, as a table that fits 80 columns. */
#include <stdlib.h>

#include "tests/unit/unit.h"
#include "tools/topics/picture.h"

static char *shown(const struct rd_kafka_metadata_topic *topic)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	cr_assert_not_null(out);
	picture_show(out, topic);
	(void)fclose(out);
	return text;
}

Test(picture, has_a_column_for_each_broker)
{
	int32_t first[] = { 2, 3 }, second[] = { 3, 1 }, only[] = { 1 };
	struct rd_kafka_metadata_partition partitions[] = {
		{ .id = 0,
		  .leader = 2,
		  .replicas = first,
		  .replica_cnt = 2,
		  .isrs = first,
		  .isr_cnt = 2 },
		{ .id = 1,
		  .leader = 1,
		  .replicas = second,
		  .replica_cnt = 2,
		  .isrs = only,
		  .isr_cnt = 1 },
	};
	const struct rd_kafka_metadata_topic topic = { .partitions = partitions,
						       .partition_cnt = 2 };
	char *text = shown(&topic);

	expect_text(text, "\n              broker 1   broker 2   broker 3\n"
			  "partition 0              leader     follower\n"
			  "partition 1   leader                behind\n");
	free(text);
}

Test(picture, is_none_of_one_broker_or_of_too_many)
{
	int32_t many[] = { 1, 2, 3, 4, 5, 6 };
	struct rd_kafka_metadata_partition partition = { .leader = 1,
							 .replicas = many,
							 .replica_cnt = 1 };
	const struct rd_kafka_metadata_topic topic = { .partitions = &partition,
						       .partition_cnt = 1 };
	char *text = shown(&topic);

	expect_text(text, "");
	free(text);
	partition.replica_cnt = 6;
	text = shown(&topic);
	expect_text(text, "");
	free(text);
}
