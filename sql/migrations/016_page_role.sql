-- The live page reads what deliveries became of events, and nothing else.
do $$
begin
	if not exists (select from pg_roles where rolname = 'page_reader') then
		create role page_reader login;
	end if;
end
$$;

grant usage on schema delivery to page_reader;
grant select on delivery.delivery, delivery.history, delivery.position to page_reader;
