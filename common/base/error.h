/*
 * Errors as values: a status a caller branches on, and a text a person reads.
 *
 * A fallible function returns enum status, takes `struct error *err` last and writes its outputs
 * only on ST_OK. The lowest layer sets the text, each layer above may say what it was doing
 * (error_wrap), the top logs it once. No allocation.
 *
 * Threads: a struct error belongs to one thread.
 */
#ifndef COMMON_BASE_ERROR_H
#define COMMON_BASE_ERROR_H

enum status {
	ST_OK = 0,
	ST_INVALID, /* the input is wrong: do not retry */
	ST_NOT_FOUND,
	ST_CONFLICT,    /* a precondition or a unique key does not hold */
	ST_FENCED,      /* another owner took over: drop what you hold */
	ST_UNAVAILABLE, /* may work later; the outcome of a commit is unknown */
	ST_TIMEOUT,     /* another service did not answer in time; what it did is unknown */
	ST_REFUSED,     /* another service cannot be reached, or says no */
	ST_INTERNAL,    /* a bug or a broken installation */
};

struct error {
	enum status status;
	char msg[256];
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* Sets err and returns status, so that `return error_set(...)` reads as one step. */
enum status error_set(struct error *err, enum status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts what the caller was doing before the text; returns err->status. */
enum status error_wrap(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A short fixed name: "unavailable". */
const char *status_name(enum status status);

#endif
