#include "tools/page/service_feed.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/runtime/clock.h"
#include "tools/page/rates.h"
#include "tools/page/service_names.h"

#define PERIOD_MS    500
#define ANSWER_MS    400 /* whoever does not answer in time is down for now */
#define ANSWER_MAX   (1024 * 1024)
#define PORT_OF(url) (strrchr(url, ':') + 1)
#define SILENT       (-1L) /* it listens, and did not answer in time */

struct answer {
	char *text; /* ANSWER_MAX and a NUL; reused */
	size_t len;
};

struct service_feed {
	char orders[SERVICE_FEED_MAX][SERVICE_URL_MAX],
		deliveries[SERVICE_FEED_MAX][SERVICE_URL_MAX];
	size_t order_count, delivery_count;
	struct mailbox *box;
	CURL *curl;
	struct http_caller caller;
	const char *name; /* the address of who is asked, as the settings have it */
	struct answer answer;
	struct rates rates;
	pthread_t thread;
	bool started;
};

/* --- a call -------------------------------------------------------------------------------- */

static size_t on_data(char *data, size_t size, size_t count, void *context)
{
	struct answer *a = context;
	size_t len = size * count;

	if (a->len + len > ANSWER_MAX)
		return 0; /* curl fails then */
	memcpy(a->text + a->len, data, len);
	a->len += len;
	return len;
}

/* The status of the answer, SILENT, or 0: none came. The body is in f->answer. By TLS the service
 * is called by its name, since that is what its certificate says, and found at url's address. */
static long get(struct service_feed *f, const char *url, const char *path)
{
	const bool tls = strncmp(url, "https:", 6) == 0;
	char full[SERVICE_URL_MAX + 32], to[SERVICE_URL_MAX];
	struct curl_slist *address = NULL;
	long status = 0;
	CURLcode code;

	(void)snprintf(full, sizeof(full), "%s%s", tls ? f->name : url, path);
	(void)snprintf(to, sizeof(to), "::%s", strstr(url, "://") + 3);
	if (tls)
		address = curl_slist_append(NULL, to);
	f->answer.len = 0;
	(void)curl_easy_setopt(f->curl, CURLOPT_URL, full);
	(void)curl_easy_setopt(f->curl, CURLOPT_CONNECT_TO, address);
	code = curl_easy_perform(f->curl);
	curl_slist_free_all(address);
	if (code == CURLE_OK)
		(void)curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		status = SILENT;
	f->answer.text[f->answer.len] = '\0';
	return status;
}

static json_t *body(const struct service_feed *f)
{
	return json_loadb(f->answer.text, f->answer.len, 0, NULL);
}

/* --- a service ----------------------------------------------------------------------------- */

/* Whether it is ready, and its own reason if not. */
static void add_readiness(struct service_feed *f, json_t *service, const char *url)
{
	long status = get(f, url, "/readyz");
	json_t *answer = body(f), *why = json_object_get(answer, "why");

	(void)json_object_set_new(service, "ready", json_boolean(status == 200));
	if (status != 200 && why)
		(void)json_object_set(service, "why", why);
	json_decref(answer);
}

/* NULL: nothing listens there. One that hangs is not ready, and says nothing of itself. */
static json_t *ask(struct service_feed *f, const char *url, size_t number, bool in_flight)
{
	long status = get(f, url, "/metrics");
	bool answers = status == 200;
	json_t *service;

	if (!answers && status != SILENT)
		return NULL;
	if (answers)
		rates_read(&f->rates, f->answer.text);
	service = json_pack("{s:s, s:s, s:I, s:b}", "url", url, "port", PORT_OF(url), "number",
			    (json_int_t)number, "ready", 0);
	if (answers)
		add_readiness(f, service, url);
	if (answers && get(f, url, "/about") == 200)
		(void)json_object_set_new(service, "about", body(f));
	if (answers && in_flight && get(f, url, "/in-flight") == 200)
		(void)json_object_set_new(service, "inFlight", body(f));
	return service;
}

static json_t *ask_all(struct service_feed *f, char (*urls)[SERVICE_URL_MAX], size_t count,
		       bool in_flight)
{
	char addresses[SERVICE_FEED_MAX][SERVICE_URL_MAX];
	json_t *list = json_array();
	size_t number = 0;

	for (size_t i = 0; i < count; i++) {
		size_t found = service_names_expand(urls[i], addresses, SERVICE_FEED_MAX);

		f->name = urls[i];
		for (size_t j = 0; j < found && number < SERVICE_FEED_MAX; j++) {
			json_t *service = ask(f, addresses[j], ++number, in_flight);

			if (service)
				(void)json_array_append_new(list, service);
		}
	}
	return list;
}

static void round_of(struct service_feed *f)
{
	int64_t read_mono_ms = clock_mono_ms();
	json_t *orders, *deliveries;

	/* Each time: the token's file may be another one. Without it, it asks as nobody. */
	(void)!http_caller_apply(&f->caller, f->curl, &(struct error){ 0 });
	rates_begin(&f->rates);
	orders = ask_all(f, f->orders, f->order_count, false);
	deliveries = ask_all(f, f->deliveries, f->delivery_count, true);
	(void)mailbox_put(f->box, MAIL_SERVICES,
			  json_pack("{s:I, s:o, s:o, s:o}", "read", (json_int_t)read_mono_ms,
				    "orders", orders, "deliveries", deliveries, "rates",
				    rates_end(&f->rates, clock_mono_ms())));
}

static void *thread_main(void *arg)
{
	struct service_feed *f = arg;

	do {
		round_of(f);
	} while (mailbox_pause(f->box, PERIOD_MS));
	return NULL;
}

/* --- open and close ------------------------------------------------------------------------ */

static enum status open_curl(struct service_feed *f, struct error *err)
{
	f->answer.text = malloc(ANSWER_MAX + 1);
	f->curl = curl_easy_init();
	if (!f->answer.text || !f->curl)
		return error_set(err, ST_INTERNAL, "out of memory");
	(void)curl_easy_setopt(f->curl, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS);
	(void)curl_easy_setopt(f->curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(f->curl, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(f->curl, CURLOPT_WRITEFUNCTION, on_data);
	(void)curl_easy_setopt(f->curl, CURLOPT_WRITEDATA, &f->answer);
	return ST_OK;
}

enum status service_feed_open(struct service_feed **out, const struct service_feed_config *config,
			      struct mailbox *box, struct error *err)
{
	struct service_feed *f = calloc(1, sizeof(*f));

	if (!f)
		return error_set(err, ST_INTERNAL, "out of memory");
	f->box = box;
	f->caller = config->caller;
	if (service_urls_read(config->order_urls, f->orders, SERVICE_FEED_MAX, &f->order_count,
			      err) == ST_OK &&
	    service_urls_read(config->delivery_urls, f->deliveries, SERVICE_FEED_MAX,
			      &f->delivery_count, err) == ST_OK &&
	    open_curl(f, err) == ST_OK) {
		f->started = pthread_create(&f->thread, NULL, thread_main, f) == 0;
		if (!f->started)
			(void)error_set(err, ST_INTERNAL, "cannot start a thread");
	}
	if (!f->started) {
		service_feed_close(f);
		return err->status;
	}
	*out = f;
	return ST_OK;
}

void service_feed_close(struct service_feed *f)
{
	if (!f)
		return;
	if (f->started)
		(void)pthread_join(f->thread, NULL);
	if (f->curl)
		curl_easy_cleanup(f->curl);
	free(f->answer.text);
	free(f);
}
