#include "common/service/about.h"

#include "common/base/version.h"
#include "common/http/http_json.h"

static void add_setting(void *settings, const char *name, const char *value)
{
	(void)json_object_set_new(settings, name, json_string(value));
}

void about_get(void *context, const struct http_request *request, struct http_response *response)
{
	const struct about *about = context;
	json_t *settings = json_object();

	(void)request;
	config_each_public(about->program, about->config, add_setting, settings);
	http_respond_json(response, 200,
			  json_pack("{s:s, s:s, s:s, s:o}", "service", about->program->name,
				    "version", PROJECT_VERSION, "replica", about->replica,
				    "settings", settings));
}
