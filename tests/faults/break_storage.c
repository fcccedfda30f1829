/*
 * A broker without what it had stored. It stays away for longer than the controllers wait for it
 * (broker.session.timeout.ms), as somebody who replaces a disk needs: one that came back at once
 * would still count as one that has everything.
 */
#include "common/kafka/kafka_conf.h"
#include "common/runtime/command.h"
#include "common/runtime/pid_file.h"
#include "tests/faults/break.h"
#include "tests/support/wait.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

#define ANSWER_MS 3000
#define REMOVE_MS 20000

static bool all_in_sync(const struct rd_kafka_metadata *metadata)
{
	for (int i = 0; i < metadata->topic_cnt; i++) {
		const struct rd_kafka_metadata_topic *topic = &metadata->topics[i];

		for (int j = 0; j < topic->partition_cnt; j++) {
			if (topic->partitions[j].isr_cnt != topic->partitions[j].replica_cnt)
				return false;
		}
	}
	return true;
}

/* One that has just been ended counts as in sync until the controllers miss it. Two that lose their
 * disks together are a majority: what they had is then lost, as it should be. */
static bool all_run(const struct settings *s)
{
	for (int i = 0; i < s->brokers; i++) {
		if (pid_file_find(s->run_dir, part_name((enum part)(PART_KAFKA + i))) <= 0)
			return false;
	}
	return true;
}

/* Every broker has all of every partition. */
static bool is_whole(const struct settings *s)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	const char *extra = getenv("KAFKA_CONF");
	char why[200];
	rd_kafka_t *client = NULL;
	struct error err;
	bool whole;

	(void)rd_kafka_conf_set(conf, "bootstrap.servers", s->kafka, why, sizeof(why));
	if (kafka_conf_extra(conf, extra ? extra : "", &err) == ST_OK)
		client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!client) {
		rd_kafka_conf_destroy(conf);
		return false;
	}
	whole = rd_kafka_metadata(client, 1, NULL, &metadata, ANSWER_MS) ==
			RD_KAFKA_RESP_ERR_NO_ERROR &&
		metadata->broker_cnt == s->brokers && all_in_sync(metadata);
	if (metadata)
		rd_kafka_metadata_destroy(metadata);
	rd_kafka_destroy(client);
	return whole;
}

static bool remove_data(const struct fault_job *job)
{
	char name[40], data[RUN_PATH_SIZE], mark[RUN_PATH_SIZE], log[RUN_PATH_SIZE];
	const struct command command = {
		.arguments = { "rm", "-rf", data, mark },
		.output_path = run_path(job->run, "log/storage.log", log),
		.timeout_ms = wait_stretch(REMOVE_MS),
	};

	(void)snprintf(name, sizeof(name), "kafka/%d/data", part_index(job->part) + 1);
	(void)run_path(job->run, name, data);
	(void)snprintf(name, sizeof(name), "kafka/%d/formatted", part_index(job->part) + 1);
	(void)run_path(job->run, name, mark);
	return command_run(&command) == 0;
}

bool break_storage(struct fault_job *job)
{
	if (!all_run(job->run->settings) || !is_whole(job->run->settings)) {
		journal_note(&job->run->journal, "skipped", "the brokers are not in sync");
		return false;
	}
	if (!job_find(job))
		return false;
	job_kill(job);
	if (!remove_data(job))
		journal_violation(&job->run->journal, "the data of %s cannot be removed",
				  part_name(job->part));
	job_report(job, "%s (pid %d) loses its disk", part_name(job->part), (int)job->pid);
	return true;
}
