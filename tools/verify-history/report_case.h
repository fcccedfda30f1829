/*
 * One case of a violation in words: order, versions, topic offsets, replicas and times. Pure but
 * for the formatting of times.
 *
 * Threads: any; values only.
 */
#ifndef TOOLS_VERIFY_HISTORY_REPORT_CASE_H
#define TOOLS_VERIFY_HISTORY_REPORT_CASE_H

#include "common/base/strbuf.h"
#include "tools/verify-history/judge.h"

/* What is wrong: "order 3, version 2: applied after a later version". */
void report_case_what(enum violation_kind kind, const struct violation *v, struct strbuf *out);

/* The facts and rows that show it; nothing if there are none. */
void report_case_evidence(const struct history *h, enum violation_kind kind,
			  const struct violation *v, struct strbuf *out);

/* "OrderModified"; "DeliveryModified" of what delivery-service announced. */
const char *report_case_type(const struct fact *fact);

#endif
