#include "common/service/probe.h"

#include <civetweb.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS 2000
#define END_S      3 /* whatever holds it up: a stdout that nobody reads, too */

/* The path that the arguments ask for; NULL without one of the flags. */
static const char *path_of(int argc, char **argv)
{
	if (argc != 2)
		return NULL;
	if (strcmp(argv[1], "--ready") == 0)
		return "/readyz";
	return strcmp(argv[1], "--alive") == 0 ? "/healthz" : NULL;
}

static void print_body(struct mg_connection *conn)
{
	char body[1024];
	int n = mg_read(conn, body, sizeof(body));

	if (n > 0)
		(void)printf("%.*s\n", n, body);
}

/* The answer's status, its body printed; 0 without one, with the reason in why. */
static int ask(struct mg_connection *conn, const struct service_config *config, const char *path,
	       char *why, size_t why_size)
{
	const struct mg_response_info *answer;

	(void)mg_printf(conn, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", path, config->http_host);
	if (mg_get_response(conn, why, why_size, TIMEOUT_MS) < 0)
		return 0;
	answer = mg_get_response_info(conn);
	print_body(conn);
	return answer->status_code;
}

/* Returns the exit status. */
static int probe(const struct service_config *config, const char *path)
{
	char why[128] = "";
	struct mg_connection *conn;
	int status = 0;

	(void)alarm(END_S);
	(void)mg_init_library(0);
	conn = mg_connect_client(config->http_host, (int)config->http_port, 0, why, sizeof(why));
	if (conn) {
		status = ask(conn, config, path, why, sizeof(why));
		mg_close_connection(conn);
	}
	if (status == 0)
		(void)fprintf(stderr, "no answer from %s:%" PRId64 "%s: %s\n", config->http_host,
			      config->http_port, path, why);
	(void)mg_exit_library();
	return status == 200 ? 0 : 1;
}

int probe_main(const struct config_program *program, int argc, char **argv, void *cfg,
	       const struct service_config *service)
{
	const char *path = path_of(argc, argv);
	int done = config_main(program, path ? 1 : argc, argv, cfg);

	return done < 0 && path ? probe(service, path) : done;
}
