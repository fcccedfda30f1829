-- What PostgreSQL gives to every role by default, and no role of ours uses: temporary tables, which
-- would also come before a schema's own tables of that name; large objects, which are nobody's
-- schema; other databases. A right that is somebody else's to take away stays as it is.
do $$
declare
	database text;
begin
	execute format('revoke temporary on database %I from public', current_database());

	-- A server that has other databases is shared with others: who connects to those is their concern.
	if not exists (select from pg_database
		where datname not in (current_database(), 'postgres', 'template0', 'template1')) then
		foreach database in array array['postgres', 'template1'] loop
			if exists (select from pg_database where datname = database) then
				execute format('revoke connect, temporary on database %I from public', database);
			end if;
		end loop;
	end if;

	revoke execute on function lo_creat(int), lo_create(oid), lo_from_bytea(oid, bytea) from public;
exception when insufficient_privilege then
	raise notice 'not the owner of what every role may do: see docs/security.md';
end
$$;

-- The page names each table with its schema; a name without one is no table of anybody's.
do $$
begin
	execute format('alter role page_reader in database %I set search_path = delivery', current_database());
end
$$;
