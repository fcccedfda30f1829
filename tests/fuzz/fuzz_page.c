/* Any text as what the live page reads: a service's metrics, a list of services' addresses. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz_input.h"
#include "tools/page/exposition.h"
#include "tools/page/rates.h"
#include "tools/page/service_urls.h"

#define URLS_MAX 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *context, const char *labels, double value)
{
	size_t *samples = context;

	(void)value;
	assert(!strchr(labels, '\n'));
	++*samples;
}

static void as_metrics(const char *text)
{
	size_t samples = 0;
	double sum = 0;

	exposition_each(text, "delivery_partition_lag", count, &samples);
	assert(exposition_sum(text, "delivery_partition_lag", NULL, &sum) == (samples > 0));
}

/* Twice, so that there is a gain; what comes of it is JSON, whatever the samples are. */
static void as_rates(const char *text)
{
	struct rates rates = { 0 };

	for (int64_t now = 1; now <= 1001; now += 1000) {
		json_t *json;

		rates_begin(&rates);
		rates_read(&rates, text);
		json = rates_end(&rates, now);
		assert(json);
		json_decref(json);
	}
	assert(rates.now.bucket_count <= RATES_BUCKETS);
}

static void as_addresses(const char *text)
{
	char urls[URLS_MAX][SERVICE_URL_MAX];
	struct error err = { 0 };
	size_t found = 0;

	if (service_urls_read(text, urls, URLS_MAX, &found, &err) != ST_OK)
		assert(err.status == ST_INVALID && err.msg[0]);
	assert(found <= URLS_MAX);
	for (size_t i = 0; i < found; i++)
		assert(memchr(urls[i], '\0', SERVICE_URL_MAX) &&
		       (strncmp(urls[i], "http://", 7) == 0 ||
			strncmp(urls[i], "https://", 8) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	as_metrics(text);
	as_rates(text);
	as_addresses(text);
	free(text);
	return 0;
}
