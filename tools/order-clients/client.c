/*
 * How a client finds out what became of a call without an answer. A POST goes again with its
 * Idempotency-Key. A PATCH or DELETE carries the version that it changes (If-Match), so of all its
 * copies, wherever they still linger, one at most has an effect; a look at the order tells whether
 * one had, and otherwise it goes again.
 */
#include "tools/order-clients/client.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/runtime/clock.h"
#include "tools/order-clients/dice.h"

#define OPEN_ORDERS     4   /* at the same time */
#define REMEMBERED      256 /* orders that are finished and may be looked at again */
#define MODIFY_MAX      6
#define CANCEL_PERCENT  85
#define SAME_PERCENT    50 /* the next operation is on the same order */
#define RIVAL_PERCENT   30 /* of changes: two of the same at once, to two servers */
#define READ_PERCENT    15
#define PAUSE_MIN_MS    50 /* before a call is made again */
#define PAUSE_MAX_MS    500
#define ANSWER_MAX_MS   60000 /* after the stop, when nothing is broken any more */
#define QTY_MAX         1000
#define PATH_MAX_BYTES  48
#define PATCH_MAX_BYTES 96

struct known_order {
	int64_t id;      /* 0: none, or a violation was found; its operations are left out */
	int32_t version; /* acknowledged */
	int32_t qty;     /* likewise */
	bool cancelled;
	uint32_t modifications_left;
	bool to_be_cancelled;
};

struct client {
	struct client_config config;
	struct caller *caller;
	struct dice dice;
	int era;        /* in which it placed the orders that it knows */
	int64_t placed; /* orders so far */
	uint32_t last;  /* index into open of the last operation */
	struct known_order open[OPEN_ORDERS];
	struct known_order remembered[REMEMBERED]; /* a ring */
	uint32_t remembered_count, remembered_next;
	int64_t deadline_mono_ms; /* 0: the stop has not been seen yet */
	bool abandoned;           /* what has no answer is no violation */
};

enum status client_open(struct client **out, const struct client_config *config, struct error *err)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return error_set(err, ST_INTERNAL, "out of memory");
	client->config = *config;
	client->era = atomic_load(config->era);
	client->dice.state = config->seed * 1000003u + (uint64_t)config->number;
	if (caller_open(&client->caller, config->ports, config->port_count, config->tally, err) !=
	    ST_OK) {
		free(client);
		return err->status;
	}
	*out = client;
	return ST_OK;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	caller_close(client->caller);
	free(client);
}

/* --- answers ------------------------------------------------------------------------------- */

/* A member of the answer's JSON object; -1 without it. */
static int64_t member(const struct answer *answer, const char *name)
{
	json_t *root = json_loadb(answer->body, answer->body_len, 0, NULL);
	const json_t *value = json_object_get(root, name);
	int64_t number = json_is_integer(value) ? json_integer_value(value) : -1;

	json_decref(root);
	return number;
}

/* The answer is the order with that version and quantity. */
static bool shows(const struct answer *answer, int32_t version, int32_t qty)
{
	return answer->status / 100 == 2 && member(answer, "version") == version &&
	       member(answer, "qty") == qty;
}

/* What it knows of its orders holds no more. */
static bool forgets(const struct client *client)
{
	return atomic_load(client->config.era) != client->era;
}

static void violation(struct client *client, const struct known_order *order, const char *what,
		      const struct answer *answer)
{
	if (client->abandoned || forgets(client))
		return;
	tally_violation(client->config.tally,
			"client %d, order %" PRId64 " at version %" PRId32 "%s: %s, answer %d %s",
			client->config.number, order->id, order->version,
			order->cancelled ? ", cancelled" : "", what, answer->status, answer->body);
}

/* Waits before the next try of an operation; false: its time is over. */
static bool pause_before(struct client *client, int tries)
{
	int64_t pause_ms = PAUSE_MIN_MS << (tries < 4 ? tries : 4);

	client->abandoned = atomic_load(client->config.stop) == CLIENT_ABANDON;
	if (client->abandoned || forgets(client))
		return false;
	if (atomic_load(client->config.stop) != CLIENT_RUN && client->deadline_mono_ms == 0)
		client->deadline_mono_ms = clock_mono_ms() + ANSWER_MAX_MS;
	if (client->deadline_mono_ms > 0 && clock_mono_ms() > client->deadline_mono_ms)
		return false;
	clock_pause_ms(pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS);
	tally_retry(client->config.tally);
	return true;
}

/* --- the operations ------------------------------------------------------------------------ */

static void order_path(const struct known_order *order, char path[PATH_MAX_BYTES])
{
	(void)snprintf(path, PATH_MAX_BYTES, "/orders/%" PRId64, order->id);
}

/* GETs the order until there is an answer; false: none came in time. */
static bool look(struct client *client, uint32_t server, const struct known_order *order,
		 struct answer *answer)
{
	char path[PATH_MAX_BYTES];

	order_path(order, path);
	for (int tries = 0; !caller_call(client->caller, server, "GET", path, NULL, NULL, answer);
	     tries++) {
		if (!pause_before(client, tries)) {
			violation(client, order, "GET gets no answer", answer);
			return false;
		}
	}
	return true;
}

/* What was acknowledged can be read, from any order-service. */
static void check(struct client *client, uint32_t server, struct known_order *order)
{
	struct answer answer;

	if (!look(client, server, order, &answer))
		return;
	if (order->cancelled ? answer.status == 404 : shows(&answer, order->version, order->qty))
		tally_read(client->config.tally);
	else
		violation(client, order, "GET contradicts what was acknowledged", &answer);
}

static void place(struct client *client, uint32_t server, struct known_order *order)
{
	char body[200], key[100];
	struct answer answer;
	int32_t qty = order->qty;

	(void)snprintf(body, sizeof(body),
		       "{\"customerId\":%d,\"productId\":\"100\",\"productName\":\"RADIO\","
		       "\"qty\":%" PRId32 ",\"address\":\"PUSAN\"}",
		       1000 + client->config.number, qty);
	(void)snprintf(key, sizeof(key), "Idempotency-Key: %" PRIu64 "-%d-%" PRId64,
		       client->config.seed, client->config.number, ++client->placed);
	for (int tries = 0;
	     !caller_call(client->caller, server, "POST", "/orders", body, key, &answer); tries++) {
		if (!pause_before(client, tries)) {
			violation(client, order, "POST gets no answer", &answer);
			return;
		}
	}
	if (answer.status != 201 || !shows(&answer, 1, qty) || member(&answer, "id") <= 0) {
		violation(client, order, "POST is not answered with the new order", &answer);
		return;
	}
	order->id = member(&answer, "id");
	order->version = 1;
	tally_acknowledged(client->config.tally, "POST", order->id, 1);
}

enum outcome { DONE, NOT_DONE, UNKNOWN };

/*
 * The order as it is tells whether an unclear operation had its effect. qty is what it sets; 0: it
 * cancels. must_be: an answer has already said that the effect is there.
 */
static enum outcome find_out(struct client *client, uint32_t server,
			     const struct known_order *order, int32_t qty, bool must_be)
{
	struct answer answer;

	if (!look(client, server, order, &answer))
		return UNKNOWN;
	if (qty ? shows(&answer, order->version + 1, qty) : answer.status == 404)
		return DONE;
	if (!must_be && shows(&answer, order->version, order->qty))
		return NOT_DONE;
	violation(client, order, qty ? "after an unclear PATCH" : "after an unclear DELETE",
		  &answer);
	return UNKNOWN;
}

/* A change, or two of the same at the same time: one of those at most is done, and the other one is
 * told so. The answer is that of the one that is done, or else of one that may be. */
static bool call_change(struct client *client, uint32_t server, const struct known_order *order,
			bool rivals, const char *method, const char *path, const char *body,
			const char *if_match, struct answer *answer)
{
	struct answer answers[2];
	bool answered[2];
	int decides;

	if (!rivals)
		return caller_call(client->caller, server, method, path, body, if_match, answer);
	caller_call_twice(client->caller, server, method, path, body, if_match, answers, answered);
	if (answers[0].status / 100 == 2 && answers[1].status / 100 == 2)
		violation(client, order, "two changes of one version are both done", &answers[1]);
	decides = answers[0].status / 100 != 2 && (answers[1].status / 100 == 2 || !answered[1]);
	*answer = answers[decides];
	answer->sure = answers[0].sure && answers[1].sure;
	return answered[decides];
}

/* Modifies (qty: the new one) or cancels (0) the order, until it is known to be done. */
static enum outcome change(struct client *client, uint32_t server, const struct known_order *order,
			   int32_t qty)
{
	const char *method = qty ? "PATCH" : "DELETE";
	char path[PATH_MAX_BYTES], body[PATCH_MAX_BYTES], if_match[40];
	enum outcome outcome = NOT_DONE;
	bool rivals = dice_roll(&client->dice, 100) < RIVAL_PERCENT;
	bool unclear = false, answered;
	struct answer answer;

	order_path(order, path);
	(void)snprintf(body, sizeof(body), "{\"qty\":%" PRId32 "}", qty);
	(void)snprintf(if_match, sizeof(if_match), "If-Match: \"%" PRId32 "\"", order->version);
	for (int tries = 0; outcome == NOT_DONE; tries++) {
		answered = call_change(client, server, order, rivals && tries == 0, method, path,
				       qty ? body : NULL, if_match, &answer);
		if (answered &&
		    (qty ? shows(&answer, order->version + 1, qty) : answer.status == 204))
			return DONE;
		unclear = unclear || !answer.sure;
		if (answered && (!unclear || answer.status != (qty ? 412 : 404))) {
			violation(client, order, method, &answer);
			return UNKNOWN;
		}
		if (!answered && !pause_before(client, tries)) {
			violation(client, order, "the change gets no answer", &answer);
			return UNKNOWN;
		}
		outcome = find_out(client, server, order, qty, answered);
	}
	return outcome;
}

/* --- the sequence -------------------------------------------------------------------------- */

static void remember(struct client *client, const struct known_order *order)
{
	client->remembered[client->remembered_next] = *order;
	client->remembered_next = (client->remembered_next + 1) % REMEMBERED;
	if (client->remembered_count < REMEMBERED)
		client->remembered_count++;
}

/* Plans and places a new order. */
static void begin(struct client *client, uint32_t server, struct known_order *order)
{
	struct dice *dice = &client->dice;

	*order = (struct known_order){
		.qty = (int32_t)(1 + dice_roll(dice, QTY_MAX)),
		.modifications_left = dice_roll(dice, MODIFY_MAX + 1),
		.to_be_cancelled = dice_roll(dice, 100) < CANCEL_PERCENT,
	};
	place(client, server, order);
}

static void modify(struct client *client, uint32_t server, struct known_order *order)
{
	/* Another quantity than now, for what changes nothing makes no event. */
	int32_t by = (int32_t)(1 + dice_roll(&client->dice, QTY_MAX - 1));
	int32_t qty = 1 + (order->qty - 1 + by) % QTY_MAX;

	order->modifications_left--;
	if (order->id == 0)
		return;
	if (change(client, server, order, qty) != DONE) {
		order->id = 0;
		return;
	}
	order->version++;
	order->qty = qty;
	tally_acknowledged(client->config.tally, "PATCH", order->id, order->version);
}

static void cancel(struct client *client, uint32_t server, struct known_order *order)
{
	order->to_be_cancelled = false;
	if (order->id == 0)
		return;
	if (change(client, server, order, 0) != DONE) {
		order->id = 0;
		return;
	}
	order->cancelled = true;
	tally_acknowledged(client->config.tally, "DELETE", order->id, 0);
}

static void forget(struct client *client)
{
	client->era = atomic_load(client->config.era);
	memset(client->open, 0, sizeof(client->open));
	client->remembered_count = client->remembered_next = 0;
}

void client_step(struct client *client)
{
	struct dice *dice = &client->dice;
	uint32_t server = dice_roll(dice, (uint32_t)client->config.port_count);
	uint32_t read = dice_roll(dice, 100), same = dice_roll(dice, 100);
	uint32_t other = dice_roll(dice, OPEN_ORDERS), old = dice_roll(dice, REMEMBERED);
	struct known_order *order;

	if (forgets(client))
		forget(client);
	if (read < READ_PERCENT && client->remembered_count > 0) {
		check(client, server, &client->remembered[old % client->remembered_count]);
		return;
	}
	if (same >= SAME_PERCENT)
		client->last = other;
	order = &client->open[client->last];
	if (order->modifications_left > 0) {
		modify(client, server, order);
	} else if (order->to_be_cancelled) {
		cancel(client, server, order);
	} else {
		if (order->id > 0)
			remember(client, order);
		begin(client, server, order);
	}
}
