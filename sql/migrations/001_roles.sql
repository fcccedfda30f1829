-- Two services, two roles, two schemas: neither role can see the other's tables.
-- Passwords are set by sql/migrate.sh, never here.
do $$
begin
	if not exists (select from pg_roles where rolname = 'order_service') then
		create role order_service login;
	end if;
	if not exists (select from pg_roles where rolname = 'delivery_service') then
		create role delivery_service login;
	end if;
end
$$;

create schema orders;
create schema delivery;

revoke create on schema public from public;
grant usage on schema orders to order_service;
grant usage on schema delivery to delivery_service;

-- Each service names its tables without a schema, so common code (outbox, relay) serves both.
do $$
begin
	execute format('alter role order_service in database %I set search_path = orders', current_database());
	execute format('alter role delivery_service in database %I set search_path = delivery', current_database());
end
$$;
