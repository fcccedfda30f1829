/* What a list of ACLs says. */
#include "tests/unit/unit.h"
#include "tools/topics/acl_list.h"

static enum status add(struct acl_list *list, const char *text, struct error *err)
{
	char line[200];

	(void)snprintf(line, sizeof(line), "%s", text);
	return acl_list_add(list, line, "the.topic", "the-group", err);
}

static void expect_acl(const struct acl *acl, enum acl_kind kind, const char *name,
		       enum acl_operation operation, bool prefix)
{
	expect_text(acl->principal, "User:order-service");
	expect_text(acl->name, name);
	cr_expect(acl->kind == kind && acl->operation == operation && acl->prefix == prefix,
		  "%d %d %d", (int)acl->kind, (int)acl->operation, acl->prefix);
}

Test(acl_list, has_one_for_each_operation)
{
	struct acl_list list = { 0 };
	struct error err;

	cr_assert_eq(add(&list, "order-service topic {topic} read write # both\n", &err), ST_OK);
	cr_assert_eq(add(&list, "order-service\tgroup {group} describe\n", &err), ST_OK);
	cr_assert_eq(add(&list, "order-service transactional-id outbox.* write", &err), ST_OK);
	cr_assert_eq(list.count, 4);
	expect_acl(&list.acl[0], ACL_TOPIC, "the.topic", ACL_READ, false);
	expect_acl(&list.acl[1], ACL_TOPIC, "the.topic", ACL_WRITE, false);
	expect_acl(&list.acl[2], ACL_GROUP, "the-group", ACL_DESCRIBE, false);
	expect_acl(&list.acl[3], ACL_TRANSACTIONAL_ID, "outbox.", ACL_WRITE, true);
}

Test(acl_list, says_nothing_in_a_comment_or_an_empty_line)
{
	struct acl_list list = { 0 };
	struct error err;

	cr_expect_eq(add(&list, "# order-service topic x read\n", &err), ST_OK);
	cr_expect_eq(add(&list, "\n", &err), ST_OK);
	cr_expect_eq(list.count, 0);
}

Test(acl_list, refuses_what_it_does_not_know)
{
	struct acl_list list = { 0 };
	struct error err;

	cr_expect_eq(add(&list, "order-service queue x read", &err), ST_INVALID);
	cr_expect_eq(add(&list, "order-service topic x", &err), ST_INVALID);
	cr_expect_eq(add(&list, "order-service topic", &err), ST_INVALID);
	cr_expect_eq(add(&list, "order-service topic x read own", &err), ST_INVALID);
	expect_text(err.msg, "order-service: no operation is 'own'");
}

Test(acl_list, of_the_lab_is_read)
{
	static struct acl_list list;
	struct error err = { 0 };

	cr_expect_eq(acl_list_read(&list, "kafka/acls.txt", "t", "g", &err), ST_OK, "%s", err.msg);
	cr_expect_gt(list.count, 10);
}
