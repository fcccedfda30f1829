/*
 * POST /api/calculate: the work that an event takes, done in the HTTP thread that took the call, as
 * a Tomcat thread would. Nothing is stored. The lab of load levelling measures what that does to
 * other callers.
 *
 * Threads: runs on HTTP workers.
 */
#ifndef DELIVERY_SERVICE_API_CALCULATE_H
#define DELIVERY_SERVICE_API_CALCULATE_H

#include "common/http/http.h"

/* For the route table, with the struct simulated_work to do as context; all calls share it. Answers
 * 200 with what it was and how long it took; 503 once that work is cancelled. */
http_handler calculate_post;

#endif
