#include "tests/faults/kinds.h"

#include "tests/faults/break.h"

static bool grows(const struct plan_conditions *conditions)
{
	return conditions->growth_count > 0;
}

const struct fault_kind kinds_table[] = {
	{ "kill", FAMILY_PROCESSES, VICTIM_ORDER, 10, AMOUNT_MS, 0, 2000, NULL, break_kill,
	  mend_victim },
	{ "kill-relay", FAMILY_PROCESSES, VICTIM_RELAY, 8, AMOUNT_MS, 0, 2000, NULL,
	  break_kill_relay, mend_victim },
	{ "kill", FAMILY_PROCESSES, VICTIM_DELIVERY, 14, AMOUNT_MS, 0, 2000, NULL, break_kill,
	  mend_victim },
	{ "stop", FAMILY_PROCESSES, VICTIM_ORDER, 6, AMOUNT_MS, 0, 2000, NULL, break_stop,
	  mend_victim },
	{ "stop", FAMILY_PROCESSES, VICTIM_DELIVERY, 8, AMOUNT_MS, 0, 2000, NULL, break_stop,
	  mend_victim },
	{ "pause", FAMILY_PROCESSES, VICTIM_ORDER, 8, AMOUNT_MS, 4000, 15000, NULL, break_pause,
	  mend_pause },
	{ "pause", FAMILY_PROCESSES, VICTIM_DELIVERY, 14, AMOUNT_MS, 2000, 15000, NULL, break_pause,
	  mend_pause },
	{ "pause", FAMILY_PROCESSES, VICTIM_KAFKA, 6, AMOUNT_MS, 2000, 8000, NULL, break_pause,
	  mend_pause },
	{ "kill", FAMILY_PROCESSES, VICTIM_KAFKA, 5, AMOUNT_MS, 0, 2000, NULL, break_kill,
	  mend_victim },
	{ "stop", FAMILY_PROCESSES, VICTIM_KAFKA, 4, AMOUNT_MS, 0, 2000, NULL, break_stop,
	  mend_victim },
	{ "kill", FAMILY_PROCESSES, VICTIM_POSTGRES, 4, AMOUNT_MS, 0, 2000, NULL, break_kill,
	  mend_victim },
	{ "quit", FAMILY_PROCESSES, VICTIM_POSTGRES, 4, AMOUNT_MS, 0, 2000, NULL, break_quit,
	  mend_victim },
	{ "kill-backend", FAMILY_PROCESSES, VICTIM_POSTGRES, 4, AMOUNT_SESSION, 0, 200, NULL,
	  break_kill_backend, mend_victim },
	{ "end-backend", FAMILY_PROCESSES, VICTIM_POSTGRES, 8, AMOUNT_SESSION, 0, 200, NULL,
	  break_end_backend, NULL },
	{ "scale", FAMILY_PROCESSES, VICTIM_REPLICAS, 10, AMOUNT_REPLICAS, 1, REPLICAS_MAX, NULL,
	  break_scale, mend_scale },
	{ "duplicates", FAMILY_PROCESSES, VICTIM_TOPIC, 10, AMOUNT_MESSAGES, 1, 100, NULL,
	  break_duplicates, NULL },
	{ "grow", FAMILY_PROCESSES, VICTIM_TOPIC, 0, AMOUNT_PARTITIONS, 2, 7, grows, break_grow,
	  mend_grow },
	{ "long-pause", FAMILY_PAUSES, VICTIM_KAFKA, 6, AMOUNT_MS, 70000, 100000, NULL, break_pause,
	  mend_pause },
	{ "long-pause", FAMILY_PAUSES, VICTIM_ORDER, 4, AMOUNT_MS, 30000, 70000, NULL, break_pause,
	  mend_pause },
	{ "long-pause", FAMILY_PAUSES, VICTIM_DELIVERY, 6, AMOUNT_MS, 30000, 70000, NULL,
	  break_pause, mend_pause },
	{ "long-pause", FAMILY_PAUSES, VICTIM_POSTGRES, 4, AMOUNT_MS, 30000, 70000, NULL,
	  break_pause, mend_pause },
};
const size_t kinds_count = sizeof(kinds_table) / sizeof(kinds_table[0]);
