#include "tests/simulation/sim_producer.h"

void sim_producer_fault(struct sim_node *node, enum sim_fault_kind kind, int64_t until_us)
{
	(void)node;
	(void)kind;
	(void)until_us;
}
