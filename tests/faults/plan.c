#include "tests/faults/plan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tools/order-clients/dice.h"

#define FIRST_MS          2000
#define GAP_MIN_MS        4000 /* from one fault to the next */
#define GAP_SPREAD_MS     5000
#define TOGETHER_MS       1000 /* that is the spread, with nothing between, of this share: */
#define TOGETHER_PERCENT  20
#define STEP_MS           10
#define TRIES_MAX         20
#define RECOVERY_MS       3000 /* until a victim is likely to be whole again */
#define KAFKA_RECOVERY_MS 8000
#define LONG_MS           20000 /* of faults that last longer, so many come together at most: */
#define LONG_TOGETHER     2     /* somebody is to be there who takes over */

struct draw {
	struct plan *plan;
	size_t capacity;
	const struct fault_kind *kinds;
	size_t kind_count;
	const struct plan_conditions *conditions;
	struct dice dice;
	int replicas;                    /* as far as the plan has come */
	int64_t whole_at_ms[PART_COUNT]; /* when a part is likely to be whole again */
	size_t growth_step;
};

static bool may_be(const struct draw *draw, const struct fault_kind *kind)
{
	return draw->conditions->families & FAMILY_BIT(kind->family) &&
	       (!kind->applies || kind->applies(draw->conditions));
}

/* By the weights of those that apply; NULL: none does. */
static const struct fault_kind *choose_kind(struct draw *draw)
{
	uint32_t sum = 0, roll;

	for (size_t i = 0; i < draw->kind_count; i++)
		sum += may_be(draw, &draw->kinds[i]) ? draw->kinds[i].weight : 0;
	roll = sum > 0 ? dice_roll(&draw->dice, sum) : 0;
	for (size_t i = 0; i < draw->kind_count; i++) {
		const struct fault_kind *kind = &draw->kinds[i];
		uint32_t weight = may_be(draw, kind) ? kind->weight : 0;

		if (roll < weight)
			return kind;
		roll -= weight;
	}
	return NULL;
}

static part_set one_of(struct draw *draw, enum part first, int count)
{
	return PART_BIT(first + dice_roll(&draw->dice, (uint32_t)count));
}

static part_set choose_parts(struct draw *draw, enum victim victim)
{
	switch (victim) {
	case VICTIM_ORDER:
		return one_of(draw, PART_ORDER, ORDERS);
	case VICTIM_RELAY:
		return parts_range(PART_ORDER, ORDERS);
	case VICTIM_DELIVERY:
		return one_of(draw, PART_DELIVERY, draw->replicas);
	case VICTIM_KAFKA:
		return one_of(draw, PART_KAFKA, draw->conditions->brokers);
	case VICTIM_POSTGRES:
		return PART_BIT(PART_POSTGRES);
	case VICTIM_POOLER:
		return PART_BIT(PART_POOLER);
	case VICTIM_REPLICAS:
		return parts_range(PART_DELIVERY, REPLICAS_MAX);
	case VICTIM_TOPIC:
		break;
	}
	return PART_BIT(PART_TOPIC);
}

static int32_t choose_number(struct draw *draw, const struct fault_kind *kind)
{
	uint32_t spread = (uint32_t)(kind->max - kind->min);

	switch (kind->amount) {
	case AMOUNT_MS:
		return kind->min + STEP_MS * (int32_t)dice_roll(&draw->dice, spread / STEP_MS + 1);
	case AMOUNT_REPLICAS:
		draw->replicas = (draw->replicas + (int)dice_roll(&draw->dice, REPLICAS_MAX - 1)) %
					 REPLICAS_MAX +
				 1;
		return draw->replicas;
	case AMOUNT_PARTITIONS:
		return draw->conditions->growth[draw->growth_step++];
	case AMOUNT_MESSAGES:
	case AMOUNT_SESSION:
		break;
	}
	return kind->min + (int32_t)dice_roll(&draw->dice, spread + 1);
}

static bool is_whole(const struct draw *draw, part_set parts, int64_t at_ms)
{
	for (int part = 0; part < PART_COUNT; part++) {
		if (parts & PART_BIT(part) && at_ms < draw->whole_at_ms[part])
			return false;
	}
	return true;
}

static bool too_many(const struct draw *draw, const struct fault_kind *kind, int64_t at_ms)
{
	int broken = 0;

	for (int part = 0; part < PART_COUNT; part++)
		broken += at_ms < draw->whole_at_ms[part];
	return kind->amount == AMOUNT_MS && kind->min >= LONG_MS && broken >= LONG_TOGETHER;
}

static void note_broken(struct draw *draw, const struct fault *fault)
{
	int64_t lasts_ms = fault->kind->amount == AMOUNT_MS ? fault->number : 0;

	for (int part = 0; part < PART_COUNT; part++) {
		if (fault->parts & PART_BIT(part))
			draw->whole_at_ms[part] =
				fault->at_ms + lasts_ms +
				(part_is_kafka(part) ? KAFKA_RECOVERY_MS : RECOVERY_MS);
	}
}

static bool add(struct draw *draw, int64_t at_ms, const struct fault_kind *kind, part_set parts)
{
	struct plan *plan = draw->plan;
	struct fault *grown;

	if (plan->count == draw->capacity) {
		draw->capacity = 2 * draw->capacity + 64;
		grown = realloc(plan->faults, draw->capacity * sizeof(*grown));
		if (!grown)
			return false;
		plan->faults = grown;
	}
	plan->faults[plan->count] = (struct fault){
		.at_ms = at_ms, .kind = kind, .parts = parts, .number = choose_number(draw, kind)
	};
	note_broken(draw, &plan->faults[plan->count++]);
	return true;
}

/* A fault of a victim that is whole at that time. All may be broken: then none. False: out of
 * memory. */
static bool add_one(struct draw *draw, int64_t at_ms)
{
	for (int tries = 0; tries < TRIES_MAX; tries++) {
		const struct fault_kind *kind = choose_kind(draw);
		part_set parts;

		if (!kind)
			return true;
		parts = choose_parts(draw, kind->victim);
		if (is_whole(draw, parts, at_ms) && !too_many(draw, kind, at_ms))
			return add(draw, at_ms, kind, parts);
	}
	return true;
}

/* The kind that makes the topic grow, once it is time for the next step; NULL: it is not. */
static const struct fault_kind *growth_due(const struct draw *draw, int64_t at_ms)
{
	const struct plan_conditions *c = draw->conditions;
	int64_t next = (int64_t)draw->growth_step + 1, steps = (int64_t)c->growth_count + 1;

	if (next >= steps || at_ms < c->duration_ms * next / steps)
		return NULL;
	for (size_t i = 0; i < draw->kind_count; i++) {
		if (draw->kinds[i].amount == AMOUNT_PARTITIONS && may_be(draw, &draw->kinds[i]))
			return &draw->kinds[i];
	}
	return NULL;
}

static int64_t gap_ms(struct draw *draw)
{
	if (dice_roll(&draw->dice, 100) < TOGETHER_PERCENT)
		return STEP_MS * (int64_t)dice_roll(&draw->dice, TOGETHER_MS / STEP_MS);
	return GAP_MIN_MS + STEP_MS * (int64_t)dice_roll(&draw->dice, GAP_SPREAD_MS / STEP_MS);
}

enum status plan_draw(struct plan *plan, const struct fault_kind *kinds, size_t kind_count,
		      uint64_t seed, const struct plan_conditions *conditions, struct error *err)
{
	struct draw draw = { .plan = plan,
			     .kinds = kinds,
			     .kind_count = kind_count,
			     .conditions = conditions,
			     .dice.state = seed,
			     .replicas = PLAN_REPLICAS_AT_FIRST };

	*plan = (struct plan){ 0 };
	for (int64_t at_ms = FIRST_MS; at_ms < conditions->duration_ms; at_ms += gap_ms(&draw)) {
		const struct fault_kind *growth = growth_due(&draw, at_ms);

		if (growth ? add(&draw, at_ms, growth, PART_BIT(PART_TOPIC))
			   : add_one(&draw, at_ms))
			continue;
		plan_fini(plan);
		return error_set(err, ST_INTERNAL, "out of memory");
	}
	return ST_OK;
}

void plan_fini(struct plan *plan)
{
	free(plan->faults);
	*plan = (struct plan){ 0 };
}

static const char *victim_name(const struct fault *fault)
{
	switch (fault->kind->victim) {
	case VICTIM_RELAY:
		return "orders";
	case VICTIM_REPLICAS:
		return "replicas";
	default:
		return part_name(parts_first(fault->parts));
	}
}

static void describe_number(const struct fault *fault, struct strbuf *out)
{
	switch (fault->kind->amount) {
	case AMOUNT_MS:
		strbuf_printf(out, "  for %" PRId32 ".%02" PRId32 " s", fault->number / 1000,
			      fault->number % 1000 / 10);
		return;
	case AMOUNT_REPLICAS:
	case AMOUNT_PARTITIONS:
		strbuf_printf(out, "  to %" PRId32, fault->number);
		return;
	case AMOUNT_MESSAGES:
		strbuf_printf(out, "  %" PRId32 " messages", fault->number);
		return;
	case AMOUNT_SESSION:
		return;
	}
}

void plan_describe(const struct fault *fault, struct strbuf *out)
{
	bool bare = fault->kind->amount == AMOUNT_SESSION;

	strbuf_printf(out, "%5" PRId64 ".%02" PRId64 " s  %-13s %-*s", fault->at_ms / 1000,
		      fault->at_ms % 1000 / 10, fault->kind->name, bare ? 0 : 15,
		      victim_name(fault));
	describe_number(fault, out);
	strbuf_puts(out, "\n");
}
