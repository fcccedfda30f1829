/*
 * GET /in-flight: the partitions that this replica owns, and the events in work.
 *
 * Threads: HTTP workers.
 */
#ifndef DELIVERY_SERVICE_API_IN_FLIGHT_API_H
#define DELIVERY_SERVICE_API_IN_FLIGHT_API_H

#include "common/http/http.h"

/* With a struct in_flight as context. */
http_handler in_flight_api_get;

#endif
