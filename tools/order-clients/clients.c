#include "tools/order-clients/clients.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/runtime/clock.h"

#define CATCH_UP_MS 2000 /* of a pause, as much is made up for */

/* What a thread gets. */
struct worker {
	struct clients *clients;
	struct client *client;
	pthread_t thread;
};

struct clients {
	struct clients_config config;
	struct tally *tally;
	_Atomic int stop; /* enum client_stop */
	_Atomic int era;
	struct worker workers[CLIENTS_MAX];
	size_t client_count, thread_count;
};

/* A client, at its share of the rate. */
static void *worker_main(void *arg)
{
	struct worker *worker = arg;
	const struct clients_config *config = &worker->clients->config;
	int64_t interval_us = 1000000 * config->count / config->rate;
	int64_t due_us = clock_mono_us(), now_us;

	while (atomic_load(&worker->clients->stop) == CLIENT_RUN) {
		client_step(worker->client);
		due_us += interval_us;
		now_us = clock_mono_us();
		if (due_us > now_us)
			clock_pause_ms((due_us - now_us) / 1000);
		else if (due_us < now_us - CATCH_UP_MS * 1000)
			due_us = now_us - CATCH_UP_MS * 1000;
	}
	return NULL;
}

static enum status open_all(struct clients *clients, struct error *err)
{
	const struct clients_config *config = &clients->config;
	struct client_config client = { .seed = (uint64_t)config->seed,
					.ports = config->ports,
					.port_count = config->port_count,
					.stop = &clients->stop,
					.era = &clients->era };

	if (tally_open(&clients->tally, config->acks, config->log, err) != ST_OK)
		return err->status;
	client.tally = clients->tally;
	for (; client.number < config->count; client.number++) {
		struct worker *worker = &clients->workers[clients->client_count];

		if (client_open(&worker->client, &client, err) != ST_OK)
			return err->status;
		worker->clients = clients;
		clients->client_count++;
	}
	return ST_OK;
}

enum status clients_open(struct clients **out, const struct clients_config *config,
			 struct error *err)
{
	struct clients *clients = calloc(1, sizeof(*clients));

	if (!clients)
		return error_set(err, ST_INTERNAL, "out of memory");
	clients->config = *config;
	if (open_all(clients, err) != ST_OK) {
		clients_close(clients);
		return err->status;
	}
	*out = clients;
	return ST_OK;
}

void clients_close(struct clients *clients)
{
	if (!clients)
		return;
	for (size_t i = 0; i < clients->client_count; i++)
		client_close(clients->workers[i].client);
	tally_close(clients->tally);
	free(clients);
}

enum status clients_start(struct clients *clients, struct error *err)
{
	for (size_t i = 0; i < clients->client_count; i++) {
		struct worker *worker = &clients->workers[i];

		if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0) {
			clients_stop(clients, CLIENT_ABANDON);
			return error_set(err, ST_INTERNAL, "cannot start a client's thread");
		}
		clients->thread_count++;
	}
	return ST_OK;
}

void clients_stop(struct clients *clients, enum client_stop how)
{
	atomic_store(&clients->stop, how);
	while (clients->thread_count > 0)
		(void)pthread_join(clients->workers[--clients->thread_count].thread, NULL);
}

void clients_forget(struct clients *clients)
{
	atomic_fetch_add(&clients->era, 1);
}

struct tally_counts clients_counts(struct clients *clients)
{
	return tally_counts(clients->tally);
}

void clients_print_counts(struct clients *clients, const char *what, FILE *to)
{
	struct tally_counts c = clients_counts(clients);

	(void)fprintf(to,
		      "%s acknowledged=%" PRId64 " reads=%" PRId64 " unanswered=%" PRId64
		      " refused=%" PRId64 " retries=%" PRId64 " longest_pause_ms=%" PRId64
		      " violations=%" PRId64 "\n",
		      what, c.acknowledged, c.reads, c.unanswered, c.refused, c.retries,
		      c.longest_pause_ms, c.violations);
	(void)fflush(to);
}
