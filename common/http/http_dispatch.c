#include "common/http/http_dispatch.h"

#include "common/http/http_body.h"
#include "common/http/http_json.h"

void http_dispatch(const struct http_route *routes, size_t count, struct http_request *request,
		   struct http_response *response, size_t *number)
{
	const struct http_route *route = NULL;
	char methods[64] = "";
	struct strbuf allow = STRBUF_ON(methods);

	switch (http_route_find(routes, count, request->method, request->path, &route,
				&request->param, &allow)) {
	case HTTP_MATCHED:
		*number = (size_t)(route - routes);
		route->handle(route->context, request, response);
		break;
	case HTTP_NO_METHOD:
		http_response_header(response, "Allow", "%s", methods);
		http_respond_problem(response, 405, NULL, "%s takes %s, not %.20s", request->path,
				     methods, request->method);
		break;
	case HTTP_NO_PATH:
		http_respond_problem(response, 404, NULL, "there is nothing at %.100s",
				     request->path);
		break;
	}
}

void http_dispatch_refuse(struct http_response *response, int status)
{
	const struct error not_now = { .status = ST_UNAVAILABLE };

	if (status == 413)
		http_respond_problem(response, 413, NULL, "the body may have at most %d bytes",
				     HTTP_BODY_MAX_BYTES);
	else if (status == 503)
		http_respond_error(response, &not_now);
	else
		http_respond_problem(response, status, NULL, "the body did not arrive whole");
}
