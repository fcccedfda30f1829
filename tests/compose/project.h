/*
 * The compose project under test: docker-compose.yml with a name and volumes of its own, and ports
 * that TEST_PORT gives. A step uses one, brings it up, and leaves it down.
 *
 * Threads: main only.
 */
#ifndef TESTS_COMPOSE_PROJECT_H
#define TESTS_COMPOSE_PROJECT_H

#include "tests/compose/run.h"

#define PROJECT_NAME  "ordering-lab-test"
#define PROJECT_THREE PROJECT_NAME "-three"

/* KIM's, as httpie sends it. */
#define PROJECT_ORDER                                                                              \
	"{\"customerId\":\"2000\",\"productId\":\"100\",\"productName\":\"RADIO\",\"qty\":\"3\","  \
	"\"address\":\"PUSAN\"}"

/* The ports of all projects, into the environment that docker compose sees. */
void project_export_ports(const struct run *run);
int project_prometheus_port(const struct run *run);
int project_page_port(const struct run *run);
/* The addresses of three brokers. */
const char *project_brokers(const struct run *run);

/* Further calls are for this project. env_file: settings of its own; NULL: none. */
void project_use(struct run *run, const char *name, const char *env_file);
/* And with this file over docker-compose.yml. */
void project_over(struct run *run, const char *file);

/* docker compose with the arguments, which NULL ends; see call_run. */
bool project_compose(struct run *run, const char *verb, ...) __attribute__((sentinel));

/* The same, or an error. */
enum status project_require(struct run *run, struct error *err, const char *verb, ...)
	__attribute__((sentinel));

/* docker compose up -d --wait with the arguments, which NULL ends. *ms: how long it took. */
enum status project_up(struct run *run, int64_t *ms, struct error *err, ...)
	__attribute__((sentinel));

/* Builds the project's own images. */
enum status project_build(struct run *run, struct error *err);

/* The name of the project's image that begins so; "" without one. */
const char *project_image(struct run *run, const char *begin);

/* The ids of a service's containers, a line each, by number; those of its first one. */
const char *project_containers(struct run *run, const char *service);
const char *project_container(struct run *run, const char *service);

/* What the health check says of a service's first container is this. */
bool project_health_is(struct run *run, const char *service, const char *status);

/* What the statement selects, bare; as a number, -1: no answer, or none from 0 upwards. */
const char *project_sql(struct run *run, const char *statement);
int64_t project_sql_number(struct run *run, const char *statement);

/* Places an order: its id; -1: it was not taken. */
int64_t project_place(const struct run *run);

/* Each of so many delivery-services has that many partitions. */
bool project_partitions_each(struct run *run, int replicas, int partitions);

/* The history checker, its report the answer; true: it finds nothing. acks: the path of what was
 * acknowledged, whose events it waits for; NULL: it judges what there is. */
bool project_check(struct run *run, const char *acks);

/* Nothing of the project in use is left, the data neither. */
void project_down(struct run *run);

/* The same for all of them. */
void project_down_all(struct run *run);

#endif
