/*
 * A request and its answer, as the library tells of them.
 *
 * Threads: the loop's, but http_exchange_set_answer.
 */
#ifndef COMMON_HTTP_HTTP_EXCHANGE_H
#define COMMON_HTTP_HTTP_EXCHANGE_H

#include "common/http/http_loop_state.h"

/* The library's: a request line is there. */
void *http_exchange_begin(void *loop, const char *target, struct MHD_Connection *mhd);

/* The library's: its head, its body piece by piece, its end; again when there is an answer. */
enum MHD_Result http_exchange_go_on(void *loop, struct MHD_Connection *mhd, const char *url,
				    const char *method, const char *version, const char *data,
				    size_t *len, void **connection);

/* The library's: the answer is out, or the connection has ended. */
void http_exchange_end(void *loop, struct MHD_Connection *mhd, void **connection,
		       enum MHD_RequestTerminationCode why);

/* For who answers, on any thread: takes the response's body. */
void http_exchange_set_answer(struct http_connection *connection, struct http_response *response);

#endif
