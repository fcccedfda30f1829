-- The order waits no longer for the versions that are missing before its parked events: prints
-- them. delivery-service passes them within a second or two. Variables: order, reason.
insert into delivery.given_up (order_id, version, reason)
	select :order, v, :'reason' from
		(select min(version) as parked from delivery.parked where order_id = :order) p,
		generate_series(1 + coalesce(
			(select version from delivery.delivery where order_id = :order), 0), parked - 1) v
	on conflict do nothing returning version;
