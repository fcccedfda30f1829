/* Entity tags, and who is connected: the small parts of the HTTP server. */
#include <arpa/inet.h>
#include <string.h>

#include "common/http/http_clients.h"
#include "common/http/http_etag.h"
#include "tests/unit/unit.h"

TestSuite(http_parts, .init = unit_deadline);

Test(http_parts, entity_tags)
{
	static const struct {
		const char *list;
		int tags, threes, strong_threes;
	} cases[] = {
		{ "\"3\"", 1, 1, 1 },
		{ "W/\"3\"", 1, 1, 0 },
		{ "\"1\", \"3\"", 2, 1, 1 },
		{ "\"1\",\"3\"", 2, 1, 1 },
		{ ",, \"1\" ,\t\"3\" ,", 2, 1, 1 },
		{ "\"1\", W/\"3\"", 2, 1, 0 },
		{ "\"33\"", 1, 0, 0 },
		{ "\"\"", 1, 0, 0 },
		{ "\"3\", \"3", 1, 1, 1 },
		{ "*", 0, 0, 0 },
		{ "3", 0, 0, 0 },
		{ "\"3", 0, 0, 0 },
		{ "w/\"3\"", 0, 0, 0 },
		{ "\"1\" \"3\"", 0, 0, 0 },
		{ "", 0, 0, 0 },
		{ ",", 0, 0, 0 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *list = cases[i].list;
		int tags = 0, threes = 0, strong = 0;
		struct http_etag tag;

		for (; http_etag_next(&list, &tag); tags++) {
			bool three = tag.len == 3 && memcmp(tag.text, "\"3\"", 3) == 0;

			threes += three;
			strong += three && !tag.weak;
		}
		cr_expect_eq(tags, cases[i].tags, "%s", cases[i].list);
		cr_expect_eq(threes, cases[i].threes, "%s", cases[i].list);
		cr_expect_eq(strong, cases[i].strong_threes, "%s", cases[i].list);
	}
}

/* --- who is connected ---------------------------------------------------------------------- */

static void join(struct http_clients *clients, struct http_client *client, const char *text,
		 int64_t now_mono_ms)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = { 0 };

	*client = (struct http_client){ .fd = -1 };
	if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1)
		address.any.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1)
		address.any.sa_family = AF_INET6;
	cr_assert(http_clients_join(clients, client, &address.any, now_mono_ms));
}

Test(http_parts, addresses_of_clients)
{
	struct http_clients clients = { 0 };
	struct http_client a, b, same, net, net2, other;

	join(&clients, &a, "10.0.0.1", 1);
	join(&clients, &b, "10.0.0.2", 2);
	join(&clients, &same, "::ffff:10.0.0.2", 3);
	join(&clients, &net, "2001:db8::1", 4);
	join(&clients, &net2, "2001:db8::ffff", 5);
	join(&clients, &other, "2001:db8:0:1::1", 6);
	cr_expect_neq(a.peer, b.peer);
	cr_expect_eq(b.peer, same.peer, "both ways to come are one");
	cr_expect_eq(net.peer, net2.peer, "a network counts as one");
	cr_expect_neq(net.peer, other.peer);
	cr_expect_eq(clients.connections, 6);
	http_clients_leave(&clients, &a);
	http_clients_leave(&clients, &b);
	http_clients_leave(&clients, &same);
	http_clients_leave(&clients, &net);
	http_clients_leave(&clients, &net2);
	cr_expect_eq(http_clients_oldest(&clients), &other);
	http_clients_leave(&clients, &other);
	cr_expect_eq(clients.connections, 0);
	cr_expect_null(http_clients_oldest(&clients));
}

/* Of the address that has most: whoever has waited longest, and waits for no answer. */
Test(http_parts, who_has_to_go)
{
	struct http_clients clients = { 0 };
	struct http_client alone, first, second, third;

	join(&clients, &alone, "10.0.0.1", 1);
	join(&clients, &first, "10.0.0.2", 2);
	join(&clients, &second, "10.0.0.2", 3);
	join(&clients, &third, "10.0.0.2", 4);
	cr_expect_eq(http_clients_oldest(&clients), &first);
	http_clients_enter(&first, HTTP_READING, 5);
	cr_expect_eq(http_clients_oldest(&clients), &second, "the first got on since");
	http_clients_enter(&second, HTTP_ANSWERING, 6);
	cr_expect_eq(http_clients_oldest(&clients), &third);
	http_clients_end(&clients, &third);
	cr_expect_eq(clients.connections, 3);
	cr_expect_eq(http_clients_oldest(&clients), &first);
	http_clients_enter(&third, HTTP_IDLE, 7);
	cr_expect_eq(third.phase, HTTP_ENDED, "there is no way back");
	http_clients_enter(&first, HTTP_ANSWERING, 8);
	cr_expect_eq(http_clients_oldest(&clients), &alone, "nobody else can go");
	http_clients_enter(&alone, HTTP_ANSWERING, 9);
	cr_expect_null(http_clients_oldest(&clients));
	http_clients_leave(&clients, &third);
	cr_expect_eq(clients.connections, 3);
	http_clients_leave(&clients, &second);
	http_clients_leave(&clients, &first);
	http_clients_leave(&clients, &alone);
	cr_expect_eq(clients.connections, 0);
}
