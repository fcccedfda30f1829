# What the calls' lines (when it began, ms, status, success), the shortest first, come to: figures of the lab.
{ n++; end = $1 + $2; if (first == "" || $1 < first) first = $1; if (end > last) last = end }
$3 ~ /^2/ { ms[answered++] = $2 }
$3 ~ /[Tt]imeout/ { late++ }
END {
	printf "{\"answered\":%d,\"timed_out\":%d,\"errors\":%d,\"took_ms\":%d,", answered, late, n - answered - late,
		last - first
	printf "\"answered_ms\":{\"p50\":%d}}\n", ms[int((answered - 1) / 2)]
}
