/*
 * Who is connected: how many connections each address has, what each of them is at, and for how
 * long. An IPv6 network of 64 bits counts as one address. What has to go is only shut down: it is
 * gone when its owner has seen that.
 *
 * Threads: one owner.
 */
#ifndef COMMON_HTTP_HTTP_CLIENTS_H
#define COMMON_HTTP_HTTP_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define HTTP_CLIENT_BUCKETS 1024

enum http_phase {
	HTTP_HANDSHAKE, /* its TLS handshake is not done */
	HTTP_IDLE,      /* a request may begin */
	HTTP_READING,   /* one has begun, and is not whole */
	HTTP_ANSWERING, /* it is, and has no answer yet */
	HTTP_SENDING,   /* the client has to take the answer */
	HTTP_ENDED,     /* shut down */
};

/* A connection, kept by its owner. */
struct http_client {
	int fd;
	enum http_phase phase;
	int64_t since_mono_ms; /* of the phase */
	/* for its owner; 0 when a phase begins */
	int64_t looked_mono_ms, bytes_read;
	struct http_peer *peer;
	struct http_client *before, *after; /* of the same peer: the oldest phase is first */
};

struct http_peer {
	unsigned char key[16];
	int64_t connections; /* without those that have ended */
	struct http_client *first, *last;
	struct http_peer *next; /* in its bucket */
};

struct http_clients {
	struct http_peer *buckets[HTTP_CLIENT_BUCKETS];
	int64_t connections; /* without those that have ended */
};

/* One more, at address. False: out of memory. */
bool http_clients_join(struct http_clients *clients, struct http_client *client,
		       const struct sockaddr *address, int64_t now_mono_ms);
void http_clients_leave(struct http_clients *clients, struct http_client *client);

void http_clients_enter(struct http_client *client, enum http_phase phase, int64_t now_mono_ms);

/* Shuts the connection down. */
void http_clients_end(struct http_clients *clients, struct http_client *client);

/* Of the address that has most, the one that has waited longest; of any, if all of that one wait
 * for answers. NULL: all do. One whose request has come counts as if it waited for its answer. */
struct http_client *http_clients_oldest(const struct http_clients *clients);

/* Visits each, which may be ended. */
void http_clients_each(struct http_clients *clients,
		       void (*visit)(void *context, struct http_client *client), void *context);

#endif
