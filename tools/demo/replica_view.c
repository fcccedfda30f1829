#include "tools/demo/replica_view.h"

#include "tools/demo/number.h"

void replica_view_take(struct replica_view *v, int number, const json_t *answer)
{
	json_t *partitions = json_object_get(answer, "partitions"), *partition;
	size_t i;

	if (v->count == PART_NUMBERS_MAX)
		return;
	v->replicas[v->count++] = (struct replica){
		.number = number,
		.answers = answer != NULL,
		.in_work = json_integer_value(json_object_get(answer, "inWork")),
	};
	json_array_foreach(partitions, i, partition)
	{
		json_int_t p = json_integer_value(json_object_get(partition, "partition"));

		if (p >= 0 && p < REPLICA_PARTITIONS_MAX)
			v->partitions[p] = (struct replica_partition){
				.replica = number,
				.position =
					json_integer_value(json_object_get(partition, "position")),
			};
	}
}

/* "0, 2"; returns how many partitions the replica has. */
static int list_partitions(const struct replica_view *v, int number, struct strbuf *out)
{
	int count = 0;

	for (int p = 0; p < REPLICA_PARTITIONS_MAX; p++) {
		if (v->partitions[p].replica == number)
			strbuf_printf(out, "%s%d", count++ > 0 ? ", " : "", p);
	}
	return count;
}

static void show_replica(const struct replica_view *v, const struct replica *r, bool all_taken,
			 struct screen *s)
{
	char name[64], list[5 * REPLICA_PARTITIONS_MAX] = "", owns[sizeof(list) + 128] = "";
	struct strbuf partitions = STRBUF_ON(list), line = STRBUF_ON(owns);
	int count;

	(void)snprintf(name, sizeof(name), "delivery-service %d", r->number);
	if (!r->answers) {
		screen_say(s, STYLE_BAD, "status.replica.silent", "name", name, NULL);
		return;
	}
	count = list_partitions(v, r->number, &partitions);
	if (count == 0) {
		screen_say(s, STYLE_DELIVERY,
			   all_taken ? "status.replica.idle" : "status.replica.none", "name", name,
			   NULL);
		return;
	}
	catalogue_add(s->texts, &line, "status.replica.owns", "n", NUMBER(count), "name", name,
		      "list", list, NULL);
	if (r->in_work > 0)
		screen_say(s, STYLE_PLAIN, "status.replica.working", "n", NUMBER(r->in_work),
			   "owns", owns, NULL);
	else
		screen_text(s, STYLE_PLAIN, 4, owns);
}

void replica_view_show(const struct replica_view *v, bool all_taken, struct screen *s)
{
	for (size_t i = 0; i < v->count; i++)
		show_replica(v, &v->replicas[i], all_taken, s);
}
