#include "delivery-service/api/calculate.h"

#include "common/http/http_json.h"
#include "common/runtime/clock.h"
#include "delivery-service/work/simulated_work.h"

void calculate_post(void *context, const struct http_request *request,
		    struct http_response *response)
{
	const struct error stopping = { .status = ST_UNAVAILABLE };
	const struct simulated_work *work = context;
	int64_t started = clock_mono_ms();

	(void)request;
	if (simulated_work_do(work, 0, 1))
		http_respond_json(response, 200,
				  json_pack("{s:s, s:I}", "work", simulated_work_names[work->kind],
					    "ms", (json_int_t)(clock_mono_ms() - started)));
	else
		http_respond_error(response, &stopping);
}
