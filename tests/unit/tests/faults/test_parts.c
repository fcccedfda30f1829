#include "tests/faults/parts.h"
#include "tests/unit/unit.h"

TestSuite(parts, .init = unit_deadline);

Test(parts, a_name_leads_to_its_part)
{
	for (int part = 0; part < PART_COUNT; part++)
		cr_expect_eq((int)part_find(part_name((enum part)part)), part);
	cr_expect_eq(part_find("kafka-4"), PART_COUNT);
}

Test(parts, services_and_brokers_have_numbers_of_their_own)
{
	cr_expect_eq(part_number(PART_ORDER), 1);
	cr_expect_eq(part_number(PART_ORDER + 1), 2);
	cr_expect_eq(part_number(PART_DELIVERY), 11);
	cr_expect_eq(part_number(PART_DELIVERY + 2), 13);
	cr_expect_eq(part_number(PART_KAFKA + 2), 3);
}
