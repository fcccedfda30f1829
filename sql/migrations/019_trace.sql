-- The trace (W3C Trace Context) that brought an event: traceparent and tracestate as its message
-- had them. A table of its own: an event without a trace has no row here, and costs no byte.
-- Written in the transaction that applies or parks the event, so whoever resumes it finds its trace.
create table delivery.trace (
	order_id    bigint not null,
	"partition" int not null,
	"offset"    bigint not null,
	traceparent text not null,
	tracestate  text,                     -- null: there was none
	trace_id    text not null generated always as (substr(traceparent, 4, 32)) stored,
	primary key (order_id, "partition", "offset")
);

create index trace_trace_id on delivery.trace (trace_id);

-- What became of an order's events, with the trace of each; null: none.
create view delivery.traced_history as
	select h.*, t.trace_id
	from delivery.history h
	left join delivery.trace t using (order_id, "partition", "offset");

grant select, insert, update on delivery.trace to delivery_service;
grant select on delivery.traced_history to delivery_service;
grant select on delivery.trace, delivery.traced_history to page_reader;
