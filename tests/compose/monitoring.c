#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/compose/call.h"
#include "tests/compose/project.h"
#include "tests/compose/steps.h"
#include "tests/support/arena.h"
#include "tests/support/http_client.h"

#define MESSAGES_SEEN "/api/v1/query?query=sum(kafka_topic_messages_in_total)%20%3E%200"

/* What Prometheus answers, as run->answer; its member data. */
static const json_t *ask(struct run *run, const char *path)
{
	struct http_answer answer =
		http_call(project_prometheus_port(run), "GET", path, NULL, NULL);

	run->answer = answer.status ? answer.body : answer.error;
	return answer.status == 200 ? json_object_get(answer.json, "data") : NULL;
}

/* So many targets, and all of them answer. */
static bool targets_up(struct run *run, size_t count)
{
	const json_t *targets = json_object_get(ask(run, "/api/v1/targets"), "activeTargets");

	for (size_t i = 0; i < json_array_size(targets); i++) {
		const char *health = json_text(json_array_get(targets, i), "health");

		if (!health || strcmp(health, "up") != 0)
			return false;
	}
	return json_array_size(targets) == count;
}

static bool messages_seen(struct run *run)
{
	return json_array_size(json_object_get(ask(run, MESSAGES_SEEN), "result")) > 0;
}

/* Without Grafana when there is no image of it. */
static enum status start(struct run *run, int64_t *ms, struct error *err)
{
	if (*run->images_missing)
		return project_up(run, ms, err, "--scale", "delivery-service=2", "order-service",
				  "delivery-service", "prometheus", NULL);
	return project_up(run, ms, err, "--scale", "delivery-service=2", NULL);
}

enum status monitoring_step(struct run *run, struct error *err)
{
	int64_t ms = 0;

	run_heading("monitoring: Prometheus finds every replica, and Kafka by its agent");
	if (!call_run(run, "deploy/monitoring/fetch.sh", "agent", NULL))
		return error_set(err, ST_UNAVAILABLE, "there is no agent for Kafka");
	(void)setenv("JMX_AGENT", run->answer, 1);
	project_use(run, PROJECT_NAME, "deploy/docker/monitoring.env");
	if (start(run, &ms, err) != ST_OK)
		return err->status;
	run_progress(run, "all is up and healthy after %" PRId64 " ms", ms);
	if (project_place(run) < 0)
		return error_set(err, ST_UNAVAILABLE, "the order was not taken");
	run_expect(run, run_holds_within(run, 60, targets_up(run, 5)),
		   "order-service, two delivery-services, Kafka and Prometheus itself are scraped");
	run_expect(run, run_holds_within(run, 60, messages_seen(run)),
		   "Kafka's messages on the topic are seen");
	run_expect(run,
		   project_compose(run, "exec", "-T", "kafka", "/opt/kafka/bin/kafka-topics.sh",
				   "--bootstrap-server", "kafka:19092", "--list", NULL),
		   "Kafka's commands run beside the agent");
	project_down(run);
	(void)unsetenv("JMX_AGENT");
	return ST_OK;
}
