#include "tools/demo/status.h"

#include <libpq-fe.h>
#include <string.h>

#include "common/runtime/pid_file.h"
#include "tools/demo/call.h"
#include "tools/demo/cluster_view.h"
#include "tools/demo/part.h"
#include "tools/demo/port.h"
#include "tools/demo/replica_view.h"
#include "tools/demo/wrap.h"

#define ANSWER_MS     2000
#define LABEL_COLUMNS 21

struct status_view {
	struct screen *screen;
	const struct status_config *config;
	struct cluster_view cluster;
	struct replica_view replicas;
	bool database; /* it answers */
};

/* --- the table of parts -------------------------------------------------------------------- */

static bool service_ready(int port)
{
	struct call_answer answer;
	struct error err;

	return call_make("GET", port, "/readyz", NULL, ANSWER_MS, &answer, &err) == ST_OK &&
	       answer.status == 200;
}

static bool database_ready(const struct status_config *config)
{
	const char *const names[] = { "dbname", "connect_timeout", NULL };
	const char *const values[] = { config->database_url, "2", NULL };

	return PQpingParams(names, values, 1) == PQPING_OK;
}

/* name: of the pid file. */
static void show_part(struct status_view *v, const char *label, const char *name, int port,
		      bool ready)
{
	pid_t pid = pid_file_find(v->config->run_dir, name);
	const char *state = !pid ? "status.not.running" : ready ? "status.yes" : "status.no";
	char line[256] = "";
	struct strbuf sb = STRBUF_ON(line);

	strbuf_puts(&sb, label);
	for (size_t at = wrap_columns(label, strlen(label)); at < LABEL_COLUMNS; at++)
		strbuf_puts(&sb, " ");
	if (pid)
		strbuf_printf(&sb, "%-8d", (int)pid);
	else
		strbuf_printf(&sb, "%-8s", "-");
	strbuf_printf(&sb, " %-6d %s", port, catalogue_text(v->screen->texts, state));
	screen_text(v->screen, pid && ready ? STYLE_PLAIN : STYLE_BAD, 4, line);
}

static void show_brokers(struct status_view *v)
{
	char label[64], name[64];

	for (int node = 1; node <= v->config->brokers; node++) {
		(void)snprintf(label, sizeof(label),
			       v->config->brokers == 1 ? "Kafka" : "Kafka broker %d", node);
		(void)snprintf(name, sizeof(name), "kafka-%d", node);
		show_part(v, label, name, v->config->kafka_port + 2 * (node - 1),
			  cluster_view_has(&v->cluster, node));
	}
}

/* As stack/settings.sh counts the ports: the delivery replicas' follow the first one's. */
static int order_port(const struct status_config *config, int number)
{
	return number == 1 ? config->order_port : config->order_port + 98 + number;
}

static void show_orders(struct status_view *v)
{
	int numbers[PART_NUMBERS_MAX];
	size_t count = part_numbers(v->config->run_dir, "order-service", numbers);
	char name[64];
	int port = order_port(v->config, 1);

	show_part(v, "order-service", "order-service", port, service_ready(port));
	for (size_t i = 0; i < count; i++) {
		if (numbers[i] == 1)
			continue;
		port = order_port(v->config, numbers[i]);
		(void)snprintf(name, sizeof(name), "order-service-%d", numbers[i]);
		show_part(v, name, name, port, service_ready(port));
	}
}

static void ask_replica(struct status_view *v, int number, int port)
{
	struct call_answer answer;
	struct error err;
	json_t *json = NULL;

	if (call_make("GET", port, "/in-flight", NULL, ANSWER_MS, &answer, &err) == ST_OK &&
	    answer.status == 200)
		json = json_loadb(answer.body, answer.len, 0, NULL);
	replica_view_take(&v->replicas, number, json);
	json_decref(json);
}

static void show_replicas(struct status_view *v)
{
	int numbers[PART_NUMBERS_MAX];
	size_t count = part_numbers(v->config->run_dir, "delivery", numbers);
	char label[64], name[64];

	if (count == 0)
		numbers[count++] = 1;
	for (size_t i = 0; i < count; i++) {
		int port = v->config->delivery_port + numbers[i] - 1;

		(void)snprintf(label, sizeof(label), "delivery-service %d", numbers[i]);
		(void)snprintf(name, sizeof(name), "delivery-%d", numbers[i]);
		show_part(v, label, name, port, service_ready(port));
		if (pid_file_find(v->config->run_dir, name))
			ask_replica(v, numbers[i], port);
	}
}

static void show_parts(struct status_view *v)
{
	screen_say(v->screen, STYLE_BOLD, "status.heading", NULL);
	show_part(v, "PostgreSQL", "postgres", v->config->pg_port, v->database);
	show_brokers(v);
	show_orders(v);
	show_replicas(v);
	show_part(v, catalogue_text(v->screen->texts, "status.page"), "page", v->config->page_port,
		  port_open(v->config->page_port));
}

/* --- all of it ----------------------------------------------------------------------------- */

enum status status_show(struct screen *screen, const struct status_config *config,
			struct error *err)
{
	struct status_view v = { .screen = screen, .config = config };

	if (cluster_view_read(&v.cluster, &config->kafka, err) != ST_OK)
		return err->status;
	v.database = database_ready(config);
	show_parts(&v);
	screen_gap(screen);
	if (!v.database)
		screen_say(screen, STYLE_BAD, "status.database.away", NULL);
	replica_view_show(&v.replicas, cluster_view_all_taken(&v.cluster, &v.replicas), screen);
	cluster_view_show(&v.cluster, &v.replicas, screen);
	cluster_view_fini(&v.cluster);
	return ST_OK;
}
