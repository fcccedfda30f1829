#include "tests/faults/links.h"
#include "common/runtime/command.h"
#include "tests/support/wait.h"

#include <stdio.h>
#include <stdlib.h>

#define SERVICES        (ORDERS + REPLICAS_MAX)
#define SERVERS         (BROKERS_MAX + 1)
#define LISTENERS_APART 20 /* see kafka/broker.sh */
#define COMMAND_MS      10000

struct links {
	const struct settings *settings;
	struct proxy *proxy;
	bool drops_packets;
	int percent[SERVICES][SERVERS]; /* of packets that are dropped */
};

static size_t server_index(enum part server)
{
	return part_is_kafka(server) ? 1 + (size_t)part_index(server) : 0;
}

static size_t route_index(enum part service, enum part server)
{
	return (size_t)service * SERVERS + server_index(server);
}

static int server_port(const struct settings *s, size_t server)
{
	return server == 0 ? (int)s->pg_port : (int)s->kafka_port + 2 * ((int)server - 1);
}

/* Where the proxy goes: each of a broker's listeners has a port of its own. */
static int far_port(const struct settings *s, enum part service, size_t server)
{
	if (server == 0)
		return (int)s->front_port;
	return server_port(s, server) + LISTENERS_APART * part_number(service);
}

enum status links_open(struct links **out, const struct settings *settings, bool own_network,
		       struct error *err)
{
	struct links *links = calloc(1, sizeof(*links));
	struct proxy_route routes[SERVICES * SERVERS];

	if (!links)
		return error_set(err, ST_INTERNAL, "out of memory");
	links->settings = settings;
	links->drops_packets = own_network;
	for (size_t i = 0; i < SERVICES * SERVERS; i++) {
		struct proxy_route *route = &routes[i];
		enum part service = (enum part)(i / SERVERS);
		int n = part_number(service);

		*route = (struct proxy_route){
			.port = server_port(settings, i % SERVERS),
			.server_port = far_port(settings, service, i % SERVERS),
		};
		(void)snprintf(route->host, sizeof(route->host), "127.0.1.%d", n);
		(void)snprintf(route->source, sizeof(route->source), "127.0.2.%d", n);
		(void)snprintf(route->server, sizeof(route->server), "%s",
			       i % SERVERS == 0 ? "127.0.0.1" : route->source);
	}
	if (proxy_open(&links->proxy, routes, SERVICES * SERVERS, (uint64_t)settings->seed, err) !=
	    ST_OK) {
		free(links);
		return err->status;
	}
	*out = links;
	return ST_OK;
}

void links_close(struct links *links)
{
	if (!links)
		return;
	proxy_close(links->proxy);
	free(links);
}

/* --- packets ------------------------------------------------------------------------------- */

/* change: -A or -D. Packets with that address and port are dropped, or a share of them. */
static void filter(const char *change, const char *side, const char *host, const char *port_side,
		   const char *port, const char *share)
{
	struct command command = { .arguments = { "iptables", "-w", "10", change, "INPUT", "-p",
						  "tcp", side, host, port_side, port, "-j", "DROP",
						  share ? "-m" : NULL, "statistic", "--mode",
						  "random", "--probability", share },
				   .output_path = "/dev/null",
				   .timeout_ms = wait_stretch(COMMAND_MS) };

	(void)command_run(&command);
}

/* On the way to the proxy; and, unless only a share is dropped, from there on. */
static void drop(const struct links *links, enum part service, enum part server, enum proxy_way way,
		 bool on, const char *share)
{
	char near[PROXY_HOST_SIZE], far[PROXY_HOST_SIZE], port[12], beyond[12];
	const char *change = on ? "-A" : "-D";
	bool there = way == PROXY_TO_SERVER;

	(void)snprintf(near, sizeof(near), "127.0.1.%d", part_number(service));
	(void)snprintf(far, sizeof(far), "127.0.2.%d", part_number(service));
	(void)snprintf(port, sizeof(port), "%d",
		       server_port(links->settings, server_index(server)));
	(void)snprintf(beyond, sizeof(beyond), "%d",
		       far_port(links->settings, service, server_index(server)));
	filter(change, there ? "-d" : "-s", near, there ? "--dport" : "--sport", port, share);
	if (!share)
		filter(change, there ? "-s" : "-d", far, there ? "--dport" : "--sport", beyond,
		       NULL);
}

/* --- what breaks them ---------------------------------------------------------------------- */

void links_cut(struct links *links, enum part service, enum part server, enum proxy_way way,
	       bool cut)
{
	if (links->drops_packets)
		drop(links, service, server, way, cut, NULL);
	else
		proxy_hold(links->proxy, route_index(service, server), way, cut);
}

void links_lose(struct links *links, enum part service, enum part server, int percent)
{
	int *before = &links->percent[service][server_index(server)];
	char share[12];

	if (!links->drops_packets) {
		proxy_lose(links->proxy, route_index(service, server), percent);
		return;
	}
	(void)snprintf(share, sizeof(share), "0.%02d", percent > 0 ? percent : *before);
	for (int way = 0; way < PROXY_WAYS; way++)
		drop(links, service, server, (enum proxy_way)way, percent > 0, share);
	*before = percent;
}

void links_delay(struct links *links, enum part service, enum part server, int ms)
{
	proxy_delay(links->proxy, route_index(service, server), ms);
}

void links_reset(struct links *links, enum part service, enum part server)
{
	proxy_reset(links->proxy, route_index(service, server));
}
