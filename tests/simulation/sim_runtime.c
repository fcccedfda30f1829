/*
 * What the linker puts in the place of the process's own world (-Wl,--wrap, and wakeup.h): the
 * clock is the world's, a wait yields, a log record is a line of the trace.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "common/runtime/stop.h"
#include "common/runtime/wakeup.h"
#include "tests/simulation/sim_judge_place.h"
#include "tests/simulation/sim_node.h"
#include "tests/simulation/sim_pg.h"
#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_world.h"

int64_t __wrap_clock_mono_ms(void);
int64_t __wrap_clock_mono_us(void);
int64_t __wrap_clock_wall_ms(void);
void __wrap_clock_pause_ms(int64_t ms);
void __wrap_log_write(enum log_level level, const char *who, const char *msg, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void __wrap_stop_request(void);
pid_t __wrap_getpid(void);
void __wrap_arc4random_buf(void *bytes, size_t size);

#define LOOKS_MAX 3000000

/* A loop that looks at the clock again and again without a wait in between spins for ever. */
static int64_t look_at_clock(void)
{
	static int64_t looks, at_us;

	looks = at_us == sim_world_now_us() ? looks + 1 : 0;
	at_us = sim_world_now_us();
	if (looks > LOOKS_MAX && sim_node_current()) {
		sim_world_violation("%s spins", sim_node_current()->name);
		sim_node_sleep_until(INT64_MAX);
	}
	return sim_world_now_us();
}

int64_t __wrap_clock_mono_us(void)
{
	return look_at_clock();
}

int64_t __wrap_clock_mono_ms(void)
{
	return look_at_clock() / 1000;
}

int64_t __wrap_clock_wall_ms(void)
{
	const struct sim_node *n = sim_node_current();

	return sim_world_wall_ms() + (n ? n->wall_offset_ms : 0);
}

void __wrap_clock_pause_ms(int64_t ms)
{
	int64_t end = sim_world_now_us() + ms * SIM_MS;

	while (sim_world_now_us() < end)
		sim_node_sleep_until(end);
}

pid_t __wrap_getpid(void)
{
	const struct sim_node *n = sim_node_current();

	return n ? 100 * n->number + n->life : 1;
}

/* Numbers of its own, so that the others stay what they were. */
void __wrap_arc4random_buf(void *bytes, size_t size)
{
	static struct sim_random random = { 22 };

	for (size_t i = 0; i < size; i++)
		((unsigned char *)bytes)[i] = (unsigned char)sim_random_below(&random, 256);
}

void __wrap_log_write(enum log_level level, const char *who, const char *msg, const char *fmt, ...)
{
	const struct sim_node *n = sim_node_current();
	char text[200] = "";
	va_list arguments;

	if (level == LOG_DEBUG)
		return;
	va_start(arguments, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, arguments);
	va_end(arguments);
	if (strcmp(msg, "the database has forgotten what was committed") == 0 &&
	    !sim_server_has_forgotten())
		sim_world_violation("%s says that %s", n ? n->name : "-", msg);
	sim_judge_place_logged(n ? n->name : "-", msg, text);
	sim_world_trace(n ? n->name : "-", "%c %s: %s %s", "EWID"[level], who, msg, text);
}

void __wrap_stop_request(void)
{
	sim_world_violation("%s asked to be stopped", sim_node_current()->name);
}

/* --- wakeup.h ------------------------------------------------------------------------------ */

/* fd: 0 or 1, whether it is set. */
enum status wakeup_init(struct wakeup *w, struct error *err)
{
	(void)err;
	w->fd = 0;
	return ST_OK;
}

void wakeup_fini(struct wakeup *w)
{
	w->fd = 0;
}

void wakeup_set(struct wakeup *w)
{
	w->fd = 1;
}

void wakeup_clear(struct wakeup *w)
{
	w->fd = 0;
}

bool wakeup_wait(const struct wakeup *w, int socket, int64_t timeout_ms)
{
	int64_t end = sim_world_now_us() + timeout_ms * SIM_MS;

	while (!w->fd && !sim_pg_readable(socket) && sim_world_now_us() < end)
		sim_node_sleep_until(end);
	return sim_pg_readable(socket);
}
