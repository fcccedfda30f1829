#include "tests/simulation/sim_judge_client.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/sim_args.h"
#include "tests/simulation/sim_world.h"

struct sim_request {
	enum order_command_kind kind;
	int64_t number;
	int32_t qty;
	int64_t customer;
	int32_t wants;            /* the version that it is for; 0: any */
	struct history *of;       /* of what it changes */
	struct sim_request *key;  /* the first under its key; itself without */
	struct sim_request *next; /* cancellation of the same order */
	int32_t version_sent;     /* the order's */
	bool told, is_no;
	/* Of a key's first request: what was placed under it. Else what it made. */
	int64_t effect_order, effect_number;
	int32_t effect_version;
};

/* What the events say of an order. */
struct history {
	int64_t id, customer, number;
	int32_t version, qty;
	int64_t product;
	bool cancelled, cancel_told; /* somebody was told yes */
	struct sim_request *cancellations;
};

/* One judge a world. */
static struct client_judge {
	struct history **orders; /* by id; NULL: none */
	int64_t capacity;
	struct sim_request **requests; /* by number: the first of it */
	int64_t request_capacity;
	struct sim_request **keys; /* by hash, open addressing */
	const char **key_texts;
	long yes, no;
} judge;

#define KEYS_MAX (1 << 17)

/* --- finding ------------------------------------------------------------------------------- */

/* So many places, the new ones empty. */
static void *grow(void *list, int64_t *capacity, int64_t index)
{
	int64_t before = *capacity;
	void **grown;

	if (index < before)
		return list;
	*capacity = 2 * index + 64;
	grown = realloc(list, (size_t)*capacity * sizeof(void *));
	if (!grown)
		abort();
	memset(grown + before, 0, (size_t)(*capacity - before) * sizeof(void *));
	return grown;
}

static struct history *history_of(int64_t id)
{
	judge.orders = grow(judge.orders, &judge.capacity, id);
	if (!judge.orders[id]) {
		judge.orders[id] = sim_world_memory(sizeof(struct history));
		judge.orders[id]->id = id;
	}
	return judge.orders[id];
}

static struct sim_request *request_of(int64_t number)
{
	return number > 0 && number < judge.request_capacity ? judge.requests[number] : NULL;
}

/* The first request under the key; request, if it is that. */
static struct sim_request *first_under(const char *key, struct sim_request *request)
{
	uint64_t at = (uint64_t)sim_args_hash((struct sim_text){ key, (int)strlen(key) });

	if (!judge.keys) {
		judge.keys = sim_world_memory(KEYS_MAX * sizeof(struct sim_request *));
		judge.key_texts = sim_world_memory(KEYS_MAX * sizeof(char *));
	}
	for (at %= KEYS_MAX; judge.keys[at]; at = (at + 1) % KEYS_MAX) {
		if (strcmp(judge.key_texts[at], key) == 0)
			return judge.keys[at];
	}
	judge.keys[at] = request;
	judge.key_texts[at] = sim_world_copy(key, strlen(key));
	return request;
}

/* --- questions ----------------------------------------------------------------------------- */

struct sim_request *sim_judge_client_sent(const struct order_command *c, int64_t number)
{
	struct sim_request *r = sim_world_memory(sizeof(*r));

	*r = (struct sim_request){ .kind = c->kind,
				   .number = number,
				   .qty = c->content.qty,
				   .customer = c->content.customer_id,
				   .wants = c->condition.match.any ? 0 : c->condition.match.list[0],
				   .key = r };
	judge.requests = grow(judge.requests, &judge.request_capacity, number);
	if (!judge.requests[number])
		judge.requests[number] = r;
	if (c->kind == COMMAND_PLACE) {
		if (c->idempotency_key)
			r->key = first_under(c->idempotency_key, r);
		return r;
	}
	r->of = history_of(c->order_id);
	r->version_sent = r->of->version;
	if (c->kind == COMMAND_CANCEL) {
		r->next = r->of->cancellations;
		r->of->cancellations = r;
	}
	return r;
}

/* --- commits ------------------------------------------------------------------------------- */

static void complain(const struct order_event *e, const char *what)
{
	sim_world_violation("order %" PRId64 " version %d is committed: %s", e->order_id,
			    (int)e->version, what);
}

static int64_t product_of(const struct order_event *e)
{
	return sim_args_hash((struct sim_text){ e->product_id, (int)strlen(e->product_id) });
}

/* Whether somebody may have asked for that. */
static bool was_asked_to_cancel(const struct history *h)
{
	for (const struct sim_request *r = h->cancellations; r; r = r->next) {
		if (!r->is_no && (r->wants == 0 || r->wants == h->version))
			return true;
	}
	return false;
}

static void judge_cancelled(const struct history *h, const struct order_event *e)
{
	if (!was_asked_to_cancel(h))
		complain(e, "nobody asked to cancel it, or all were told no");
	if (e->qty != h->qty || e->customer_id != h->customer || product_of(e) != h->product ||
	    strtoll(e->address + strcspn(e->address, "0123456789"), NULL, 10) != h->number)
		complain(e, "it was cancelled, and says something else than before");
}

static void judge_request(const struct history *h, const struct order_event *e,
			  struct sim_request *r)
{
	if (!r || r->kind != (e->type == EVENT_PLACED ? COMMAND_PLACE : COMMAND_MODIFY) ||
	    (r->of && r->of != h))
		complain(e, "nobody asked for that");
	else if (r->is_no)
		complain(e, "who asked for it was told no");
	else if (r->key->effect_version)
		complain(e, "what was asked for once was done twice");
	else if (r->wants && r->wants != h->version)
		complain(e, "it was asked for of another version");
	else if (e->qty != r->qty ||
		 e->customer_id != (e->type == EVENT_PLACED ? r->customer : h->customer) ||
		 (e->type == EVENT_MODIFIED && product_of(e) != h->product))
		complain(e, "it is not what was asked for");
	else
		r->key->effect_version = e->version;
}

void sim_judge_client_committed(const struct order_event *e)
{
	struct history *h = history_of(e->order_id);
	int64_t number = strtoll(e->address + strcspn(e->address, "0123456789"), NULL, 10);
	struct sim_request *r = e->type == EVENT_CANCELLED ? NULL : request_of(number);

	if (e->version != h->version + 1 || (e->version == 1) != (e->type == EVENT_PLACED))
		complain(e, "it does not follow the version before");
	else if (h->cancelled)
		complain(e, "the order was cancelled");
	else if (e->type == EVENT_CANCELLED)
		judge_cancelled(h, e);
	else
		judge_request(h, e, r);
	if (r) {
		r->key->effect_order = e->order_id;
		r->key->effect_number = number;
	}
	h->version = e->version;
	h->qty = e->qty;
	h->customer = e->customer_id;
	h->product = product_of(e);
	h->number = number;
	h->cancelled |= e->type == EVENT_CANCELLED;
}

int32_t sim_judge_client_version(int64_t order)
{
	return order < judge.capacity && judge.orders[order] ? judge.orders[order]->version : 0;
}

/* --- answers ------------------------------------------------------------------------------- */

static const char *wrong_cancel(struct history *h, const struct order_command *c)
{
	if (h->cancel_told)
		return "yes, and so was another one";
	h->cancel_told = true;
	return h->cancelled && h->version == c->order.version
		       ? NULL
		       : "yes, and the order is not cancelled by that version";
}

static const char *wrong_yes(const struct sim_request *r, const struct order_command *c)
{
	const struct sim_request *key = r->key;

	if (r->kind == COMMAND_CANCEL)
		return wrong_cancel(r->of, c);
	if (!key->effect_version)
		return "yes, and nothing is there";
	if (r->kind == COMMAND_MODIFY)
		return key->effect_version == c->order.version ? NULL : "yes, with another version";
	if (key->effect_number != r->number)
		return "yes, and another order has its key";
	return key->effect_order == c->order.id ? NULL : "yes, and another order was placed";
}

/* A no is right if it was, at some moment since the question. */
static const char *wrong_no(const struct sim_request *r, enum status status)
{
	if (r->kind == COMMAND_PLACE) {
		if (status == ST_CONFLICT && r->key->effect_version &&
		    r->key->effect_number != r->number)
			return NULL;
		return "no, and nothing speaks against it";
	}
	if (r->kind == COMMAND_MODIFY && r->key->effect_version)
		return "no, and it is done";
	if (status == ST_NOT_FOUND && r->of->cancelled)
		return NULL;
	if (status == ST_CONFLICT && r->wants &&
	    (r->version_sent != r->wants || r->of->version != r->wants))
		return NULL;
	return "no, and nothing speaks against it";
}

void sim_judge_client_told(struct sim_request *r, const struct order_command *c, bool at_once)
{
	enum status status = c->answer.status;
	const char *wrong = NULL;

	if (r->told)
		sim_world_violation("a command was answered twice");
	r->told = true;
	if (status == ST_OK) {
		judge.yes++;
		wrong = wrong_yes(r, c);
	} else if (status != ST_UNAVAILABLE) {
		judge.no++;
		wrong = wrong_no(r, status);
	}
	/* Under a key, another one of the same content may still be carried out. */
	r->is_no = status != ST_OK && (status != ST_UNAVAILABLE || at_once) && !c->idempotency_key;
	if (wrong)
		sim_world_violation("request %" PRId64 " (order %" PRId64 ") was told %s: %s",
				    r->number, c->order_id ? c->order_id : c->order.id, wrong,
				    status == ST_OK ? "" : c->answer.msg);
}

/* Of the cancelled orders: one cancellation at least was not told no. */
void sim_judge_client_end(void)
{
	for (int64_t id = 0; id < judge.capacity; id++) {
		const struct history *h = judge.orders[id];
		bool any = false;

		if (!h || !h->cancelled)
			continue;
		for (const struct sim_request *r = h->cancellations; r; r = r->next)
			any |= !r->is_no;
		if (!any)
			sim_world_violation("order %" PRId64 " is cancelled, and all who asked for "
					    "that were told no",
					    id);
	}
}

long sim_judge_client_yes(void)
{
	return judge.yes;
}

long sim_judge_client_no(void)
{
	return judge.no;
}
