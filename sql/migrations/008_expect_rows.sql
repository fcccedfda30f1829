-- An optimistic lock needs its outcome in the same round trip as the commit: a statement that did
-- not change as many rows as it should fails the transaction, as a serialization failure, which is
-- retried.
create function delivery.expect_rows(changed bigint, expected bigint) returns void
language plpgsql as $$
begin
	if changed <> expected then
		raise exception '% of % rows were as they had been read', changed, expected
			using errcode = 'serialization_failure';
	end if;
end
$$;
