#include "tests/faults/parts.h"

#include <string.h>

part_set parts_range(enum part first, int count)
{
	return ((1u << count) - 1) << first;
}

const char *part_name(enum part part)
{
	static const char *const names[PART_COUNT] = {
		"order-service", "order-service-2", "delivery-1", "delivery-2",
		"delivery-3",    "kafka-1",         "kafka-2",    "kafka-3",
		"postgres",      "pgbouncer",       "topic",
	};

	return names[part];
}

enum part part_find(const char *name)
{
	int part = 0;

	while (part < PART_COUNT && strcmp(part_name((enum part)part), name) != 0)
		part++;
	return (enum part)part;
}

int part_number(enum part part)
{
	return (part_is_delivery(part) ? 11 : 1) + part_index(part);
}

bool part_is_order(enum part part)
{
	return part < PART_DELIVERY;
}

bool part_is_delivery(enum part part)
{
	return part >= PART_DELIVERY && part < PART_KAFKA;
}

bool part_is_kafka(enum part part)
{
	return part >= PART_KAFKA && part < PART_POSTGRES;
}

int part_index(enum part part)
{
	if (part_is_delivery(part))
		return (int)(part - PART_DELIVERY);
	return (int)(part_is_kafka(part) ? part - PART_KAFKA : part);
}

enum part parts_first(part_set parts)
{
	return (enum part)__builtin_ctz(parts);
}
