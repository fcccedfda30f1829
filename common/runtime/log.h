/*
 * One record, one line, logfmt, on stderr:
 *   2026-01-02T03:04:05.678Z INFO relay msg="batch published" n=12 lag_ms=87
 * error: somebody must act. warn: it mends itself, or somebody's input is bad. info: what an
 * operator wants to know. debug: every message. Secrets never enter a record.
 *
 * Usage: log_info("relay", "batch published", "n=%zu lag_ms=%" PRId64, n, lag);
 * The last format may be "" ; every text in it that is not one of the program's own constants goes
 * through log_quote.
 *
 * After log_start nobody waits for stderr: a record that is not taken at once is dropped, counted,
 * and said to be missing when stderr takes records again (common/runtime/output.h). What a process
 * that is killed logged last may then be missing.
 *
 * Threads: any; records never mix.
 */
#ifndef COMMON_RUNTIME_LOG_H
#define COMMON_RUNTIME_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR = 0, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Before the first thread starts. */
void log_set_level(enum log_level level);

/* Before other threads log, and with the signals blocked: from here on a thread writes. */
void log_start(void);

/* The last act of the process: waits for the records to be written, for a second at most. */
void log_stop(void);

/* Records that were dropped. */
int64_t log_lines_dropped(void);

void log_write(enum log_level level, const char *who, const char *msg, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#define log_error(who, msg, ...) log_write(LOG_ERROR, who, msg, __VA_ARGS__)
#define log_warn(who, msg, ...)  log_write(LOG_WARN, who, msg, __VA_ARGS__)
#define log_info(who, msg, ...)  log_write(LOG_INFO, who, msg, __VA_ARGS__)
#define log_debug(who, msg, ...) log_write(LOG_DEBUG, who, msg, __VA_ARGS__)

/* text as a quoted logfmt value, cut to what fits. Quotes, backslashes, what is not UTF-8, and
 * characters that move a terminal's cursor or turn its text around are escaped. */
struct log_quoted {
	char text[320];
};
struct log_quoted log_quote(const char *text, size_t len);
#define LOG_QUOTE(cstr) (log_quote((cstr), __builtin_strlen(cstr)).text)

/*
 * Rate limit: true at most once per period. *next_mono_ms starts at 0 and is the
 * caller's.
 */
bool log_due(int64_t *next_mono_ms, int64_t period_ms);

#endif
