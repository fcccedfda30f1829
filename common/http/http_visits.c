#include "common/http/http_visits.h"

#include <inttypes.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define CROWDED_LOG_MS    10000
#define DROPPED_READS_MAX 64

/* --- who comes ----------------------------------------------------------------------------- */

static const struct http_connection *connection_of(const struct http_client *client)
{
	return (const struct http_connection *)((const char *)client -
						offsetof(struct http_connection, client));
}

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
	if (!http_clients_join(&loop->clients, &c->client, info->client_addr, loop->now_mono_ms)) {
		free(c);
		return NULL;
	}
	if (loop->clients.connections > loop->crowd)
		loop->crowd = loop->clients.connections;
	if (loop->config.tls && !http_handshake_begin(&loop->handshakes, c))
		http_clients_end(&loop->clients, &c->client);
	return c;
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
		if (c->tls)
			http_handshake_end(&loop->handshakes, c);
		drop_input(&c->client);
		http_clients_leave(&loop->clients, &c->client);
		free(c);
		*connection = NULL;
	}
	atomic_store(&loop->counts.connections, loop->clients.connections);
}

/* --- who has to go ------------------------------------------------------------------------- */

/* The library notices an end that does not come alone; else nobody might for as long as a client
 * may be idle. */
static bool has_hung_up(const struct http_client *client)
{
	char ignored;

	return recv(client->fd, &ignored, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* What has come of the connection's bytes, all in all, and what of it nobody has read. False: not
 * known. */
static bool count_bytes(const struct http_client *client, int64_t *came, int *unread)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(client->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
	    ioctl(client->fd, FIONREAD, unread) != 0)
		return false;
	*came = (int64_t)info.tcpi_bytes_received;
	return true;
}

/* A request line is not told before it is whole. Its time begins when it is seen that more of it
 * has come since the last look. */
static void find_beginning(struct http_loop *loop, struct http_client *client)
{
	const bool first = client->looked_mono_ms == 0;
	int64_t came;
	int unread;

	client->looked_mono_ms = loop->now_mono_ms;
	if (!count_bytes(client, &came, &unread))
		return;
	if (!first && came > client->bytes_read)
		http_clients_enter(client, HTTP_READING, loop->now_mono_ms);
	else
		client->bytes_read = came;
}

/* Bytes have come, and the library has read none since the last look: its memory is full of a line
 * that has no end, as a chunk's line may be, and it will never read more. */
static bool is_stuck(struct http_client *client)
{
	const int64_t before = client->bytes_read;
	int64_t came;
	int unread;

	client->bytes_read = 0;
	if (!count_bytes(client, &came, &unread) || unread == 0)
		return false;
	client->bytes_read = came - unread;
	return client->bytes_read == before;
}

/* The library sends nothing while it reads: this is the only answer. */
static void refuse_now(const struct http_client *client, const char *status)
{
	const struct http_connection *c = connection_of(client);
	char date[40], answer[160];
	const time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm utc;
	int len;

	(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
	len = snprintf(answer, sizeof(answer),
		       "HTTP/1.1 %s\r\nDate: %s\r\nContent-Length: 0\r\n"
		       "Connection: close\r\n\r\n",
		       status, date);
	http_handshake_send(c, answer, (size_t)len);
}

static int64_t limit_ms(const struct http_loop *loop, enum http_phase phase)
{
	return phase == HTTP_IDLE ? HTTP_IDLE_MAX_MS : loop->config.request_timeout_ms;
}

/* Who is read from. False: it has to go. */
static bool look_at_sender(struct http_loop *loop, struct http_client *client)
{
	const bool idle = client->phase == HTTP_IDLE;

	if (idle && client->looked_mono_ms > 0 &&
	    loop->now_mono_ms - client->looked_mono_ms < loop->config.request_timeout_ms / 2)
		return true;
	if (has_hung_up(client))
		return false;
	if (idle) {
		find_beginning(loop, client);
	} else if (is_stuck(client)) {
		refuse_now(client, "400 Bad Request");
		return false;
	}
	return true;
}

static void look_at(void *context, struct http_client *client)
{
	struct http_loop *loop = context;
	const bool sends = client->phase == HTTP_IDLE || client->phase == HTTP_READING;

	if (client->phase == HTTP_ANSWERING || client->phase == HTTP_ENDED)
		return;
	if (sends && !look_at_sender(loop, client)) {
		http_clients_end(&loop->clients, client);
		return;
	}
	if (loop->now_mono_ms - client->since_mono_ms < limit_ms(loop, client->phase))
		return;
	if (client->phase == HTTP_READING) {
		atomic_fetch_add(&loop->counts.slow_senders, 1);
		refuse_now(client, "408 Request Timeout");
	}
	if (client->phase == HTTP_SENDING)
		atomic_fetch_add(&loop->counts.slow_readers, 1);
	if (client->phase == HTTP_HANDSHAKE)
		atomic_fetch_add(&loop->counts.tls_failed, 1);
	http_clients_end(&loop->clients, client);
}

/* Who waits for nothing goes at once, who does not take the last answer when its time is over. */
static void end_at_stop(void *context, struct http_client *client)
{
	struct http_loop *loop = context;
	bool over = loop->stop_mono_ms > 0 && loop->now_mono_ms >= loop->stop_mono_ms;

	if (client->phase == HTTP_HANDSHAKE || client->phase == HTTP_IDLE ||
	    client->phase == HTTP_READING || (client->phase == HTTP_SENDING && over))
		http_clients_end(&loop->clients, client);
}

void http_visits_sweep(struct http_loop *loop)
{
	http_clients_each(&loop->clients, atomic_load(&loop->closing) ? end_at_stop : look_at,
			  loop);
}
