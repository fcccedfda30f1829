/* Ports as they are asked for. Who has one is seen in tests/e2e/first_use.c. */
#include "tests/unit/unit.h"
#include "tools/preflight/ports.h"

TestSuite(preflight_ports, .init = unit_deadline);

static struct ports ports;

Test(preflight_ports, are_parsed)
{
	cr_assert(ports_parse(&ports, "PG_PORT:15432:PostgreSQL,KAFKA_PORT:9092:Kafka broker 1"));
	cr_assert_eq(ports.count, 2);
	cr_expect_str_eq(ports.at[1].setting, "KAFKA_PORT");
	cr_expect_eq(ports.at[1].port, 9092);
	cr_expect_str_eq(ports.at[1].what, "Kafka broker 1");
	cr_expect(ports_parse(&ports, ""));
	cr_expect_eq(ports.count, 2);
}

Test(preflight_ports, what_is_none_is_refused)
{
	cr_expect_not(ports_parse(&ports, "PG_PORT:15432"));
	cr_expect_not(ports_parse(&ports, "PG_PORT:0:PostgreSQL"));
	cr_expect_not(ports_parse(&ports, "PG_PORT:65536:PostgreSQL"));
	cr_expect_not(ports_parse(&ports, "PG_PORT::PostgreSQL"));
}

/* All that a setting moves goes together, to where everything is free. */
Test(preflight_ports, a_free_value_is_proposed_once)
{
	char text[1024] = "";
	struct strbuf out = STRBUF_ON(text);

	cr_assert(ports_parse(&ports, "DELIVERY_PORT:8082:one,DELIVERY_PORT:8083:two"));
	ports.at[0].taken = ports.at[1].taken = true;
	ports.listening[8183 / 8] |= 1 << 8183 % 8;
	cr_expect_eq(ports_tell(&ports, &out), 2);
	cr_expect_str_eq(strstr(text, "or use"), "or use DELIVERY_PORT=8282\n");
}
