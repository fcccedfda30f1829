#include "common/service/document.h"

#include <string.h>

#include "common/base/embed.h"
#include "common/http/http_json.h"

EMBED(errors, "docs/errors.md");

const struct document document_errors = { "text/markdown; charset=utf-8", errors_begin,
					  errors_end };

void document_get(void *context, const struct http_request *request, struct http_response *response)
{
	const struct document *document = context;

	(void)request;
	http_respond_text(response, 200, document->content_type,
			  strndup(document->begin, (size_t)(document->end - document->begin)));
}
