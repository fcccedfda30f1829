#include "tools/demo/cluster_view.h"

#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_metadata.h"
#include "common/kafka/kafka_workarounds.h"
#include "tools/demo/number.h"

#define ANSWER_MS 3000

enum status cluster_view_read(struct cluster_view *v, const struct kafka_settings *settings,
			      struct error *err)
{
	static const char *const none[] = { NULL };
	rd_kafka_conf_t *conf = NULL;

	*v = (struct cluster_view){ .settings = settings };
	if (kafka_conf(&conf, settings, none, kafka_fixed_reader, err) != ST_OK ||
	    kafka_conf_client(&v->rk, RD_KAFKA_PRODUCER, conf, err) != ST_OK)
		return err->status;
	(void)kafka_metadata(v->rk, settings->topic, ANSWER_MS, &v->metadata);
	return ST_OK;
}

void cluster_view_fini(struct cluster_view *v)
{
	if (v->metadata)
		rd_kafka_metadata_destroy(v->metadata);
	if (v->rk)
		(void)kafka_workarounds_destroy(v->rk);
}

bool cluster_view_has(const struct cluster_view *v, int node)
{
	for (int i = 0; v->metadata && i < v->metadata->broker_cnt; i++) {
		if (v->metadata->brokers[i].id == node)
			return true;
	}
	return false;
}

/* Who reads it and how far. */
static void add_reader(const struct cluster_view *v, struct strbuf *out, int32_t partition,
		       const struct replica_partition *reader, struct screen *s)
{
	int64_t low, end = 0;
	char name[64];

	if (rd_kafka_query_watermark_offsets(v->rk, v->settings->topic, partition, &low, &end,
					     ANSWER_MS) != 0)
		end = 0;
	(void)snprintf(name, sizeof(name), "delivery-service %d", reader->replica);
	if (reader->replica)
		catalogue_add(s->texts, out, "status.partition", "partition", NUMBER(partition),
			      "owner", name, "position", NUMBER(reader->position), "end",
			      NUMBER(end), "lag",
			      NUMBER(end > reader->position ? end - reader->position : 0), NULL);
	else
		catalogue_add(s->texts, out, "status.partition.nobody", "partition",
			      NUMBER(partition), "end", NUMBER(end), NULL);
}

static void show_partition(const struct cluster_view *v,
			   const struct rd_kafka_metadata_partition *p,
			   const struct replica_partition *reader, struct screen *s)
{
	char line[512] = "", list[256] = "";
	struct strbuf sb = STRBUF_ON(line), in_sync = STRBUF_ON(list);

	add_reader(v, &sb, p->id, reader, s);
	for (int i = 0; i < p->isr_cnt; i++)
		strbuf_printf(&in_sync, "%s%d", i > 0 ? "," : "", (int)p->isrs[i]);
	if (p->leader < 0)
		screen_say(s, STYLE_BAD, "status.leader.none", "line", line, NULL);
	else if (p->replica_cnt > 1)
		screen_say(s, reader->replica ? STYLE_PLAIN : STYLE_BAD, "status.leader", "line",
			   line, "leader", NUMBER(p->leader), "list", list, NULL);
	else
		screen_text(s, reader->replica ? STYLE_PLAIN : STYLE_BAD, 4, line);
}

/* NULL: no broker says. */
static const struct rd_kafka_metadata_topic *topic_of(const struct cluster_view *v)
{
	return v->metadata && v->metadata->topic_cnt == 1 ? &v->metadata->topics[0] : NULL;
}

static const struct replica_partition *owner_of(const struct replica_view *replicas, int32_t id)
{
	static const struct replica_partition nobody = { 0 };

	return id < REPLICA_PARTITIONS_MAX ? &replicas->partitions[id] : &nobody;
}

bool cluster_view_all_taken(const struct cluster_view *v, const struct replica_view *replicas)
{
	const struct rd_kafka_metadata_topic *topic = topic_of(v);

	for (int i = 0; topic && i < topic->partition_cnt; i++) {
		if (!owner_of(replicas, topic->partitions[i].id)->replica)
			return false;
	}
	return topic != NULL;
}

void cluster_view_show(const struct cluster_view *v, const struct replica_view *replicas,
		       struct screen *s)
{
	const struct rd_kafka_metadata_topic *topic = topic_of(v);

	if (!topic) {
		screen_say(s, STYLE_BAD, "status.broker.away", NULL);
		return;
	}
	screen_say(s, STYLE_PLAIN, "status.topic", "n", NUMBER(topic->partition_cnt), "topic",
		   v->settings->topic, NULL);
	for (int i = 0; i < topic->partition_cnt; i++) {
		const struct rd_kafka_metadata_partition *p = &topic->partitions[i];

		if (p->id < REPLICA_PARTITIONS_MAX)
			show_partition(v, p, owner_of(replicas, p->id), s);
	}
	if (topic->partition_cnt > REPLICA_PARTITIONS_MAX)
		screen_say(s, STYLE_DIM, "status.topic.more", "n",
			   NUMBER(topic->partition_cnt - REPLICA_PARTITIONS_MAX), NULL);
}
