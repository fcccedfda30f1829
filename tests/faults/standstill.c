#include "tests/faults/standstill.h"

void standstill_init(struct standstill *work, int64_t now_ms)
{
	*work = (struct standstill){
		.value = -1, .moved_ms = now_ms, .looked_ms = now_ms, .ready_ms = -1
	};
}

bool standstill_look(struct standstill *work, int64_t now_ms, bool has_work, int64_t value,
		     bool ready)
{
	int64_t stood_ms;

	if (!has_work || value != work->value) {
		work->value = value;
		work->moved_ms = now_ms;
		work->told = false;
	}
	if (!ready || now_ms - work->looked_ms > STANDSTILL_BLIND_MS)
		work->ready_ms = -1;
	if (ready && work->ready_ms < 0)
		work->ready_ms = now_ms;
	work->looked_ms = now_ms;
	stood_ms = now_ms - work->moved_ms;
	if (stood_ms > work->longest_ms)
		work->longest_ms = stood_ms;
	if (work->told || !ready || stood_ms < STANDSTILL_WORK_MS ||
	    now_ms - work->ready_ms < STANDSTILL_READY_MS)
		return false;
	return work->told = true;
}
