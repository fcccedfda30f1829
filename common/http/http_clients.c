#include "common/http/http_clients.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* --- addresses ----------------------------------------------------------------------------- */

/* An IPv4 address as IPv6 writes it, so that both ways to come are one. */
static void read_key(const struct sockaddr *address, unsigned char key[16])
{
	union {
		const struct sockaddr *any;
		const struct sockaddr_in *v4;
		const struct sockaddr_in6 *v6;
	} from = { address };

	memset(key, 0, 16);
	if (address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&from.v6->sin6_addr)) {
		memcpy(key, from.v6->sin6_addr.s6_addr, 16);
	} else if (address->sa_family == AF_INET6) {
		memcpy(key, from.v6->sin6_addr.s6_addr, 8);
	} else if (address->sa_family == AF_INET) {
		memset(key + 10, 0xff, 2);
		memcpy(key + 12, &from.v4->sin_addr, 4);
	}
}

static struct http_peer **bucket_of(struct http_clients *clients, const unsigned char key[16])
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < 16; i++)
		hash = (hash ^ key[i]) * 16777619u;
	return &clients->buckets[hash % HTTP_CLIENT_BUCKETS];
}

/* NULL: out of memory. */
static struct http_peer *find_peer(struct http_clients *clients, const struct sockaddr *address)
{
	unsigned char key[16];
	struct http_peer **bucket, *peer;

	read_key(address, key);
	bucket = bucket_of(clients, key);
	for (peer = *bucket; peer && memcmp(peer->key, key, sizeof(key)) != 0;)
		peer = peer->next;
	if (peer)
		return peer;
	peer = calloc(1, sizeof(*peer));
	if (peer) {
		memcpy(peer->key, key, sizeof(key));
		peer->next = *bucket;
		*bucket = peer;
	}
	return peer;
}

static void drop_peer(struct http_clients *clients, struct http_peer *peer)
{
	struct http_peer **at = bucket_of(clients, peer->key);

	while (*at != peer)
		at = &(*at)->next;
	*at = peer->next;
	free(peer);
}

/* --- a peer's list ------------------------------------------------------------------------- */

static void append(struct http_client *client)
{
	struct http_peer *peer = client->peer;

	client->after = NULL;
	client->before = peer->last;
	if (client->before)
		client->before->after = client;
	else
		peer->first = client;
	peer->last = client;
}

static void take_out(struct http_client *client)
{
	struct http_peer *peer = client->peer;

	if (client->before)
		client->before->after = client->after;
	else
		peer->first = client->after;
	if (client->after)
		client->after->before = client->before;
	else
		peer->last = client->before;
}

/* --- connections --------------------------------------------------------------------------- */

bool http_clients_join(struct http_clients *clients, struct http_client *client,
		       const struct sockaddr *address, int64_t now_mono_ms)
{
	client->peer = find_peer(clients, address);
	if (!client->peer)
		return false;
	client->phase = HTTP_IDLE;
	client->since_mono_ms = now_mono_ms;
	append(client);
	client->peer->connections++;
	clients->connections++;
	return true;
}

static void count_out(struct http_clients *clients, struct http_client *client)
{
	if (client->phase == HTTP_ENDED)
		return;
	client->peer->connections--;
	clients->connections--;
}

void http_clients_leave(struct http_clients *clients, struct http_client *client)
{
	count_out(clients, client);
	take_out(client);
	if (!client->peer->first)
		drop_peer(clients, client->peer);
}

void http_clients_enter(struct http_client *client, enum http_phase phase, int64_t now_mono_ms)
{
	if (client->phase == HTTP_ENDED)
		return;
	client->phase = phase;
	client->since_mono_ms = now_mono_ms;
	client->looked_mono_ms = client->bytes_read = 0;
	if (client->after) {
		take_out(client);
		append(client);
	}
}

void http_clients_end(struct http_clients *clients, struct http_client *client)
{
	count_out(clients, client);
	client->phase = HTTP_ENDED;
	(void)shutdown(client->fd, SHUT_RDWR);
}

/* --- who has to go ------------------------------------------------------------------------- */

/* It has asked for something, which is not read yet. */
static bool has_asked(const struct http_client *client)
{
	int unread = 0;

	return client->phase == HTTP_IDLE && ioctl(client->fd, FIONREAD, &unread) == 0 &&
	       unread > 0;
}

static struct http_client *oldest_of(const struct http_peer *peer)
{
	struct http_client *client = peer->first;

	while (client && (client->phase == HTTP_ANSWERING || client->phase == HTTP_ENDED ||
			  has_asked(client)))
		client = client->after;
	return client;
}

struct http_client *http_clients_oldest(const struct http_clients *clients)
{
	const struct http_peer *largest = NULL;
	struct http_client *any = NULL, *its;

	for (size_t i = 0; i < HTTP_CLIENT_BUCKETS; i++) {
		for (const struct http_peer *peer = clients->buckets[i]; peer; peer = peer->next) {
			if (!largest || peer->connections > largest->connections)
				largest = peer;
		}
	}
	its = largest ? oldest_of(largest) : NULL;
	for (size_t i = 0; i < HTTP_CLIENT_BUCKETS && !its && !any; i++) {
		for (const struct http_peer *peer = clients->buckets[i]; peer && !any;
		     peer = peer->next)
			any = oldest_of(peer);
	}
	return its ? its : any;
}

void http_clients_each(struct http_clients *clients,
		       void (*visit)(void *context, struct http_client *client), void *context)
{
	for (size_t i = 0; i < HTTP_CLIENT_BUCKETS; i++) {
		for (struct http_peer *peer = clients->buckets[i]; peer; peer = peer->next) {
			for (struct http_client *c = peer->first; c; c = c->after)
				visit(context, c);
		}
	}
}
