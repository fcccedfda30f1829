-- 020 takes rights away in one block. Where a superuser had closed large objects or the server's other
-- databases before, and who migrates is none, PostgreSQL refuses that part of it, and what the block
-- had done was undone: every role could still make temporary tables in this database.
do $$
begin
	execute format('revoke temporary on database %I from public', current_database());
exception when insufficient_privilege then
	raise warning 'not the owner of this database: see docs/security.md';
end
$$;
