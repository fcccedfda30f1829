#include "tests/faults/fence.h"

#include "tests/support/database.h"

/* A claim raises the epoch; whatever else touches a position is a move. */
static const char watch[] =
	"create schema faults; "
	"create table faults.claim (topic text, \"partition\" int, who text, "
	"  primary key (topic, \"partition\")); "
	"create table faults.breach (who text, owner text, at timestamptz default now()); "
	"create function faults.judge() returns trigger language plpgsql security definer as $$ "
	"declare me text := current_setting('application_name'); "
	"begin "
	"  if tg_op = 'INSERT' or new.epoch <> old.epoch then "
	"    insert into faults.claim values (new.topic, new.\"partition\", me) "
	"      on conflict (topic, \"partition\") do update set who = me; "
	"  else "
	"    insert into faults.breach select me, c.who from faults.claim c "
	"      where c.topic = new.topic and c.\"partition\" = new.\"partition\" and c.who <> me; "
	"  end if; "
	"  return null; "
	"end $$; "
	"create trigger faults_judge after insert or update on delivery.position "
	"  for each row execute function faults.judge()";

bool fence_watch(const char *database_url)
{
	return database_do(database_url, watch);
}

int64_t fence_breaches(const char *database_url)
{
	return database_number(database_url, "select count(*) from faults.breach");
}
