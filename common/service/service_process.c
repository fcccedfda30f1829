#include "common/service/service_process.h"

#include "common/runtime/hangup.h"
#include "common/runtime/log.h"
#include "common/runtime/stop.h"
#include "common/service/stop_guard.h"

enum status service_process_begin(const char *who, const struct service_config *config,
				  struct error *err)
{
	const struct http_security_config security = service_config_security(config);

	log_set_level((enum log_level)config->log_level);
	stop_block_signals();
	if (http_security_is_on(&security))
		hangup_block();
	log_start();
	return stop_guard_start(who, config->stop_timeout_ms, err);
}

int service_process_end(const char *who, enum status st, const struct error *err)
{
	if (st != ST_OK)
		log_error(who, "failed", "error=%s", LOG_QUOTE(err->msg));
	log_stop();
	return st == ST_OK ? 0 : st == ST_INVALID ? 2 : 1;
}
