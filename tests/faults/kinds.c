#include "tests/faults/kinds.h"

#include "tests/faults/break.h"

static bool grows(const struct plan_conditions *conditions)
{
	return conditions->growth_count > 0;
}

static bool has_brokers(const struct plan_conditions *conditions)
{
	return conditions->brokers > 1;
}

static bool has_peers(const struct plan_conditions *conditions)
{
	return conditions->own_network && has_brokers(conditions);
}

static bool has_mounts(const struct plan_conditions *conditions)
{
	return conditions->own_mounts;
}

static bool has_clocks(const struct plan_conditions *conditions)
{
	return conditions->clocks;
}

static bool has_repeats(const struct plan_conditions *conditions)
{
	return conditions->repeats;
}

#define POSTGRES PART_BIT(PART_POSTGRES)
#define KAFKA    (((1u << BROKERS_MAX) - 1) << PART_KAFKA)

const struct fault_kind kinds_table[] = {
	{ "kill", FAMILY_PROCESSES, VICTIM_ORDER, 10, AMOUNT_MS, 0, 2000, NULL, break_kill,
	  mend_victim, 0 },
	{ "kill-relay", FAMILY_PROCESSES, VICTIM_RELAY, 8, AMOUNT_MS, 0, 2000, NULL,
	  break_kill_relay, mend_victim, 0 },
	{ "kill", FAMILY_PROCESSES, VICTIM_DELIVERY, 14, AMOUNT_MS, 0, 2000, NULL, break_kill,
	  mend_victim, 0 },
	{ "stop", FAMILY_PROCESSES, VICTIM_ORDER, 6, AMOUNT_MS, 0, 2000, NULL, break_stop,
	  mend_victim, 0 },
	{ "stop", FAMILY_PROCESSES, VICTIM_DELIVERY, 8, AMOUNT_MS, 0, 2000, NULL, break_stop,
	  mend_victim, 0 },
	{ "pause", FAMILY_PROCESSES, VICTIM_ORDER, 8, AMOUNT_MS, 4000, 15000, NULL, break_pause,
	  mend_pause, 0 },
	{ "pause", FAMILY_PROCESSES, VICTIM_DELIVERY, 14, AMOUNT_MS, 2000, 15000, NULL, break_pause,
	  mend_pause, 0 },
	{ "pause", FAMILY_PROCESSES, VICTIM_KAFKA, 6, AMOUNT_MS, 2000, 8000, NULL, break_pause,
	  mend_pause, 0 },
	{ "kill", FAMILY_PROCESSES, VICTIM_KAFKA, 5, AMOUNT_MS, 0, 2000, NULL, break_kill,
	  mend_victim, 0 },
	{ "stop", FAMILY_PROCESSES, VICTIM_KAFKA, 4, AMOUNT_MS, 0, 2000, NULL, break_stop,
	  mend_victim, 0 },
	{ "kill", FAMILY_PROCESSES, VICTIM_POSTGRES, 4, AMOUNT_MS, 0, 2000, NULL, break_kill,
	  mend_victim, 0 },
	{ "quit", FAMILY_PROCESSES, VICTIM_POSTGRES, 4, AMOUNT_MS, 0, 2000, NULL, break_quit,
	  mend_victim, 0 },
	{ "kill-backend", FAMILY_PROCESSES, VICTIM_POSTGRES, 4, AMOUNT_SESSION, 0, 200, NULL,
	  break_kill_backend, mend_victim, 0 },
	{ "end-backend", FAMILY_PROCESSES, VICTIM_POSTGRES, 8, AMOUNT_SESSION, 0, 200, NULL,
	  break_end_backend, NULL, 0 },
	{ "scale", FAMILY_PROCESSES, VICTIM_REPLICAS, 10, AMOUNT_REPLICAS, 1, REPLICAS_MAX, NULL,
	  break_scale, mend_scale, 0 },
	{ "duplicates", FAMILY_PROCESSES, VICTIM_TOPIC, 10, AMOUNT_MESSAGES, 1, 100, has_repeats,
	  break_duplicates, NULL, 0 },
	{ "grow", FAMILY_PROCESSES, VICTIM_TOPIC, 0, AMOUNT_PARTITIONS, 2, 7, grows, break_grow,
	  mend_grow, 0 },
	{ "long-pause", FAMILY_PAUSES, VICTIM_KAFKA, 6, AMOUNT_MS, 70000, 100000, NULL, break_pause,
	  mend_pause, 0 },
	{ "long-pause", FAMILY_PAUSES, VICTIM_ORDER, 4, AMOUNT_MS, 30000, 70000, NULL, break_pause,
	  mend_pause, 0 },
	{ "long-pause", FAMILY_PAUSES, VICTIM_DELIVERY, 6, AMOUNT_MS, 30000, 70000, NULL,
	  break_pause, mend_pause, 0 },
	{ "long-pause", FAMILY_PAUSES, VICTIM_POSTGRES, 4, AMOUNT_MS, 30000, 70000, NULL,
	  break_pause, mend_pause, 0 },
	{ "unread-log", FAMILY_LOGS, VICTIM_ORDER, 6, AMOUNT_MS, 12000, 30000, NULL,
	  break_unread_log, mend_unread_log, 0 },
	{ "unread-log", FAMILY_LOGS, VICTIM_DELIVERY, 6, AMOUNT_MS, 12000, 30000, NULL,
	  break_unread_log, mend_unread_log, 0 },
	{ "unread-stop", FAMILY_LOGS, VICTIM_ORDER, 3, AMOUNT_MS, 4000, 12000, NULL,
	  break_unread_log, mend_unread_stop, 0 },
	{ "unread-stop", FAMILY_LOGS, VICTIM_DELIVERY, 3, AMOUNT_MS, 4000, 12000, NULL,
	  break_unread_log, mend_unread_stop, 0 },
	{ "commits-hang", FAMILY_DATABASE, VICTIM_POSTGRES, 6, AMOUNT_MS, 25000, 40000, NULL,
	  break_commits, mend_commits, 0 },
	{ "read-only", FAMILY_DATABASE, VICTIM_POSTGRES, 6, AMOUNT_MS, 25000, 40000, NULL,
	  break_writes, mend_writes, 0 },
	{ "cut-postgres", FAMILY_NETWORK, VICTIM_ORDER, 6, AMOUNT_MS, 3000, 30000, NULL, break_link,
	  mend_link, POSTGRES },
	{ "one-way-postgres", FAMILY_NETWORK, VICTIM_ORDER, 5, AMOUNT_MS, 3000, 30000, NULL,
	  break_link_one_way, mend_link_one_way, POSTGRES },
	{ "cut-kafka", FAMILY_NETWORK, VICTIM_ORDER, 6, AMOUNT_MS, 3000, 30000, NULL, break_link,
	  mend_link, KAFKA },
	{ "one-way-kafka", FAMILY_NETWORK, VICTIM_ORDER, 5, AMOUNT_MS, 3000, 30000, NULL,
	  break_link_one_way, mend_link_one_way, KAFKA },
	{ "cut-broker", FAMILY_NETWORK, VICTIM_ORDER, 6, AMOUNT_MS, 3000, 30000, has_brokers,
	  break_link_of_broker, mend_link_of_broker, KAFKA },
	{ "half-open", FAMILY_NETWORK, VICTIM_ORDER, 4, AMOUNT_MS, 60000, 60000, NULL, break_link,
	  mend_link, POSTGRES | KAFKA },
	{ "loss", FAMILY_NETWORK, VICTIM_ORDER, 6, AMOUNT_MS, 10000, 30000, NULL,
	  break_link_by_loss, mend_link_by_loss, POSTGRES | KAFKA },
	{ "slow", FAMILY_NETWORK, VICTIM_ORDER, 4, AMOUNT_MS, 10000, 30000, NULL,
	  break_link_by_delay, mend_link_by_delay, POSTGRES | KAFKA },
	{ "reset", FAMILY_NETWORK, VICTIM_ORDER, 4, AMOUNT_SESSION, 0, 200, NULL,
	  break_link_by_reset, NULL, POSTGRES | KAFKA },
	{ "cut-postgres", FAMILY_NETWORK, VICTIM_DELIVERY, 6, AMOUNT_MS, 3000, 30000, NULL,
	  break_link, mend_link, POSTGRES },
	{ "one-way-postgres", FAMILY_NETWORK, VICTIM_DELIVERY, 5, AMOUNT_MS, 3000, 30000, NULL,
	  break_link_one_way, mend_link_one_way, POSTGRES },
	{ "cut-kafka", FAMILY_NETWORK, VICTIM_DELIVERY, 6, AMOUNT_MS, 3000, 30000, NULL, break_link,
	  mend_link, KAFKA },
	{ "one-way-kafka", FAMILY_NETWORK, VICTIM_DELIVERY, 5, AMOUNT_MS, 3000, 30000, NULL,
	  break_link_one_way, mend_link_one_way, KAFKA },
	{ "cut-broker", FAMILY_NETWORK, VICTIM_DELIVERY, 6, AMOUNT_MS, 3000, 30000, has_brokers,
	  break_link_of_broker, mend_link_of_broker, KAFKA },
	{ "half-open", FAMILY_NETWORK, VICTIM_DELIVERY, 4, AMOUNT_MS, 60000, 60000, NULL,
	  break_link, mend_link, POSTGRES | KAFKA },
	{ "loss", FAMILY_NETWORK, VICTIM_DELIVERY, 6, AMOUNT_MS, 10000, 30000, NULL,
	  break_link_by_loss, mend_link_by_loss, POSTGRES | KAFKA },
	{ "slow", FAMILY_NETWORK, VICTIM_DELIVERY, 4, AMOUNT_MS, 10000, 30000, NULL,
	  break_link_by_delay, mend_link_by_delay, POSTGRES | KAFKA },
	{ "reset", FAMILY_NETWORK, VICTIM_DELIVERY, 4, AMOUNT_SESSION, 0, 200, NULL,
	  break_link_by_reset, NULL, POSTGRES | KAFKA },
	{ "cut-peers", FAMILY_NETWORK, VICTIM_KAFKA, 6, AMOUNT_MS, 3000, 30000, has_peers,
	  break_peers, mend_peers, 0 },
	{ "cut-peer", FAMILY_NETWORK, VICTIM_KAFKA, 6, AMOUNT_MS, 3000, 30000, has_peers,
	  break_peer, mend_peer, 0 },
	{ "one-way-peers", FAMILY_NETWORK, VICTIM_KAFKA, 5, AMOUNT_MS, 3000, 30000, has_peers,
	  break_peers_one_way, mend_peers_one_way, 0 },
	{ "disk-full", FAMILY_DISK, VICTIM_POSTGRES, 6, AMOUNT_MS, 3000, 20000, has_mounts,
	  break_disk, mend_disk, 0 },
	{ "disk-full", FAMILY_DISK, VICTIM_KAFKA, 6, AMOUNT_MS, 3000, 20000, has_mounts, break_disk,
	  mend_disk, 0 },
	{ "disk-errors", FAMILY_DISK, VICTIM_POSTGRES, 6, AMOUNT_MS, 3000, 20000, NULL,
	  break_disk_by_errors, mend_disk_by_errors, 0 },
	{ "disk-errors", FAMILY_DISK, VICTIM_KAFKA, 6, AMOUNT_MS, 3000, 20000, NULL,
	  break_disk_by_errors, mend_disk_by_errors, 0 },
	{ "clock-jump", FAMILY_CLOCK, VICTIM_ORDER, 6, AMOUNT_MS, 2000, 15000, has_clocks,
	  break_clock, mend_clock, 0 },
	{ "clock-jump", FAMILY_CLOCK, VICTIM_DELIVERY, 6, AMOUNT_MS, 2000, 15000, has_clocks,
	  break_clock, mend_clock, 0 },
	{ "kill-pooler", FAMILY_POOLER, VICTIM_POOLER, 6, AMOUNT_MS, 0, 3000, NULL, break_kill,
	  mend_victim, 0 },
	{ "stop-pooler", FAMILY_POOLER, VICTIM_POOLER, 6, AMOUNT_MS, 0, 3000, NULL, break_stop,
	  mend_victim, 0 },
	{ "pause-pooler", FAMILY_POOLER, VICTIM_POOLER, 6, AMOUNT_MS, 2000, 20000, NULL,
	  break_pause, mend_pause, 0 },
	{ "empty-disk", FAMILY_STORAGE, VICTIM_KAFKA, 6, AMOUNT_MS, 6000, 15000, has_brokers,
	  break_storage, mend_victim, 0 },
	{ "duplicates", FAMILY_DUPLICATES, VICTIM_TOPIC, 10, AMOUNT_MESSAGES, 50, 100, NULL,
	  break_duplicates, NULL, 0 },
	{ "zombie", FAMILY_ZOMBIES, VICTIM_REPLICAS, 10, AMOUNT_MS, 7000, 12000, NULL, break_pause,
	  mend_pause, 0 },
	{ "promote", FAMILY_STANDBY, VICTIM_POSTGRES, 6, AMOUNT_MS, 3000, 10000, NULL,
	  break_to_standby, mend_to_standby, 0 },
	{ "rewind", FAMILY_REWIND, VICTIM_POSTGRES, 6, AMOUNT_MS, 5000, 20000, NULL, break_to_copy,
	  mend_to_copy, 0 },
};
const size_t kinds_count = sizeof(kinds_table) / sizeof(kinds_table[0]);
