-- Empty tables.
select 'truncate ' || string_agg(format('%I.%I', schemaname, tablename), ', ') || ' restart identity'
from pg_tables where schemaname in ('orders', 'delivery') \gexec
checkpoint;
