#include "tests/faults/look.h"
#include "common/kafka/kafka_conf.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faults/ask.h"
#include "tests/support/database.h"

#define KAFKA_MS 1000

struct looker {
	struct run *run;
	rd_kafka_t *client;
	struct look look;
};

enum status look_open(struct looker **out, struct run *run, struct error *err)
{
	struct looker *looker = calloc(1, sizeof(*looker));
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	const char *extra = getenv("KAFKA_CONF");
	char why[200] = "";

	if (kafka_conf_extra(conf, extra ? extra : "", err) != ST_OK) {
		rd_kafka_conf_destroy(conf);
		free(looker);
		return err->status;
	}
	/* Whatever timeout a call is given, it waits for this one. */
	(void)rd_kafka_conf_set(conf, "socket.timeout.ms", "1000", why, sizeof(why));
	if (looker &&
	    rd_kafka_conf_set(conf, "bootstrap.servers", run->settings->kafka, why, sizeof(why)) ==
		    RD_KAFKA_CONF_OK &&
	    rd_kafka_conf_set(conf, "log_level", "0", why, sizeof(why)) == RD_KAFKA_CONF_OK)
		looker->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	if (!looker || !looker->client) {
		rd_kafka_conf_destroy(conf);
		free(looker);
		return error_set(err, ST_INTERNAL, "Kafka client: %s", why);
	}
	looker->run = run;
	*out = looker;
	return ST_OK;
}

void look_close(struct looker *looker)
{
	if (!looker)
		return;
	rd_kafka_destroy(looker->client);
	free(looker);
}

/* --- readiness ----------------------------------------------------------------------------- */

static void ask_service(struct looker *looker, enum part part)
{
	long status;
	char *body =
		ask_get(settings_service_port(looker->run->settings, part), "/readyz", &status);

	if (status == 200)
		looker->look.ready |= PART_BIT(part);
	(void)snprintf(looker->look.why[part], LOOK_WHY_SIZE, "%s",
		       status > 0 && body ? body : "no answer");
	free(body);
}

static void ask_services(struct looker *looker)
{
	part_set services = settings_services(atomic_load(&looker->run->replicas));

	looker->look.ready = 0;
	for (int part = 0; part < PART_COUNT; part++) {
		if (services & PART_BIT(part))
			ask_service(looker, (enum part)part);
	}
}

/* --- progress ------------------------------------------------------------------------------ */

/* text: the sessions, the first rows of the outboxes, then "partition:position" for each partition.
 */
static void read_progress(struct look *look, const char *text)
{
	int partition, used = 0;
	int64_t position;

	if (sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNd64 "%n", &look->sessions, &look->outbox[0],
		   &look->outbox[1], &used) < 3)
		return;
	look->database = true;
	for (text += used; sscanf(text, " %d:%" SCNd64 "%n", &partition, &position, &used) == 2;
	     text += used) {
		if (partition < 0 || partition >= LOOK_PARTITIONS_MAX)
			continue;
		look->position[partition] = position;
		if (partition >= look->partition_count)
			look->partition_count = partition + 1;
	}
}

static void ask_database(struct looker *looker)
{
	char statement[700], text[600];

	(void)snprintf(statement, sizeof(statement),
		       "select (select count(*) from pg_stat_activity where usename in "
		       "('order_service', 'delivery_service')) || ' ' || "
		       "coalesce((select min(id) from orders.outbox), 0) || ' ' || "
		       "coalesce((select min(id) from delivery.outbox), 0) || ' ' || "
		       "coalesce((select string_agg(\"partition\" || ':' || next_offset, ' ') "
		       "from delivery.position where topic = '%.100s'), '')",
		       looker->run->settings->topic);
	looker->look.database = false;
	if (database_text(looker->run->settings->database_url, statement, text, sizeof(text)))
		read_progress(&looker->look, text);
}

static void ask_kafka(struct looker *looker)
{
	struct look *look = &looker->look;
	int64_t low, high;

	look->kafka = false;
	for (int i = 0; i < look->partition_count; i++) {
		if (rd_kafka_query_watermark_offsets(looker->client, looker->run->settings->topic,
						     i, &low, &high,
						     KAFKA_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
			return;
		look->end[i] = high;
	}
	look->kafka = true;
}

const struct look *look_take(struct looker *looker)
{
	ask_services(looker);
	ask_database(looker);
	ask_kafka(looker);
	return &looker->look;
}

int64_t look_lag(const struct look *look)
{
	int64_t lag = 0;

	for (int i = 0; i < look->partition_count; i++)
		lag += look->end[i] > look->position[i] ? look->end[i] - look->position[i] : 0;
	return lag;
}
