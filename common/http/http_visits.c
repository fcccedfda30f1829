#include "common/http/http_visits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/runtime/log.h"

#define CROWDED_LOG_MS    10000
#define DROPPED_READS_MAX 64

static const char late_answer[] = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n"
				  "Connection: close\r\n\r\n";

/* --- who comes ----------------------------------------------------------------------------- */

/* False: everybody waits for an answer. */
static bool make_room(struct http_loop *loop)
{
	struct http_client *oldest = http_clients_oldest(&loop->clients);

	if (!oldest)
		return false;
	atomic_fetch_add(&loop->counts.crowded_out, 1);
	if (log_due(&loop->next_crowded_log_ms, CROWDED_LOG_MS))
		log_warn("http", "too many connections, the oldest are closed",
			 "connections=%" PRId64 " crowded_out=%" PRId64, loop->clients.connections,
			 atomic_load(&loop->counts.crowded_out));
	http_clients_end(&loop->clients, oldest);
	return true;
}

enum MHD_Result http_visits_admit(void *context, const struct sockaddr *address, socklen_t len)
{
	struct http_loop *loop = context;
	const int64_t most = loop->config.connections_max;

	(void)address;
	(void)len;
	return loop->clients.connections < most || make_room(loop) ||
			       loop->clients.connections < most + HTTP_HEALTH_CONNECTIONS
		       ? MHD_YES
		       : MHD_NO;
}

/* NULL: no memory; the connection is ended. */
static struct http_connection *begin(struct http_loop *loop, struct MHD_Connection *mhd)
{
	struct http_connection *c = calloc(1, sizeof(*c));
	const union MHD_ConnectionInfo *info;

	if (!c)
		return NULL;
	c->loop = loop;
	c->context = loop->config.context;
	c->mhd = mhd;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	c->client.fd = info->connect_fd;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (http_clients_join(&loop->clients, &c->client, info->client_addr, loop->now_mono_ms))
		return c;
	free(c);
	return NULL;
}

/* What came behind the last answer is read: closed with it, the socket would send a reset, which
 * can take the answer from the client. */
static void drop_input(const struct http_client *client)
{
	char scrap[4096];

	for (int i = 0; i < DROPPED_READS_MAX; i++) {
		if (recv(client->fd, scrap, sizeof(scrap), MSG_DONTWAIT) <= 0)
			return;
	}
}

void http_visits_notify(void *context, struct MHD_Connection *mhd, void **connection,
			enum MHD_ConnectionNotificationCode what)
{
	struct http_loop *loop = context;
	struct http_connection *c = *connection;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*connection = begin(loop, mhd);
	} else if (c) {
		drop_input(&c->client);
		http_clients_leave(&loop->clients, &c->client);
		free(c);
		*connection = NULL;
	}
	atomic_store(&loop->counts.connections, loop->clients.connections);
}

/* --- who has to go ------------------------------------------------------------------------- */

/* The library notices an end that does not come alone; else nobody might for as long as a client
 * may be idle. One look in a phase is enough. */
static bool has_hung_up(struct http_client *client)
{
	char ignored;
	bool looked = client->looked_at;

	client->looked_at = true;
	return !looked && recv(client->fd, &ignored, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* The library sends nothing while it reads: this is the only answer. */
static void refuse_late(struct http_loop *loop, struct http_client *client)
{
	atomic_fetch_add(&loop->counts.slow_senders, 1);
	(void)send(client->fd, late_answer, strlen(late_answer), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void look_at(void *context, struct http_client *client)
{
	struct http_loop *loop = context;
	const int64_t limits_ms[HTTP_PHASES] = {
		[HTTP_IDLE] = HTTP_IDLE_MAX_MS,
		[HTTP_READING] = loop->config.request_timeout_ms,
		[HTTP_SENDING] = loop->config.request_timeout_ms,
	};
	const bool waits = client->phase == HTTP_IDLE || client->phase == HTTP_READING;

	if (client->phase == HTTP_ANSWERING || client->phase == HTTP_ENDED)
		return;
	if (waits && has_hung_up(client)) {
		http_clients_end(&loop->clients, client);
		return;
	}
	if (loop->now_mono_ms - client->since_mono_ms < limits_ms[client->phase])
		return;
	if (client->phase == HTTP_READING)
		refuse_late(loop, client);
	if (client->phase == HTTP_SENDING)
		atomic_fetch_add(&loop->counts.slow_readers, 1);
	http_clients_end(&loop->clients, client);
}

/* Who waits for nothing goes at once, who does not take the last answer when its time is over. */
static void end_at_stop(void *context, struct http_client *client)
{
	struct http_loop *loop = context;
	bool over = loop->stop_mono_ms > 0 && loop->now_mono_ms >= loop->stop_mono_ms;

	if (client->phase == HTTP_IDLE || client->phase == HTTP_READING ||
	    (client->phase == HTTP_SENDING && over))
		http_clients_end(&loop->clients, client);
}

void http_visits_sweep(struct http_loop *loop)
{
	http_clients_each(&loop->clients, atomic_load(&loop->closing) ? end_at_stop : look_at,
			  loop);
}
