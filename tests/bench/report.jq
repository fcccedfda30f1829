# A result as lines of cells, separated by tabs: case, figure, reference, ratio, target, met.
def grouped: if length > 3 then (.[:-3] | grouped) + "," + .[-3:] else . end;
def rounded($digits): pow(10; $digits) as $p | . * $p | round / $p;
# Three digits that matter, or the whole number.
def shown: if . >= 1000 then round | tostring | grouped
	elif . >= 100 then rounded(0) | tostring
	elif . >= 10 then rounded(1) | tostring
	else rounded(2) | tostring end;
def figure: if .unit == "s" then .value | rounded(2) | tostring else .value | shown end + " " + .unit;
def target: [
	if .target then (if .better == "more" then "≥ " else "≤ " end) + (.target | shown) else empty end,
	if .aim then "aim \(.aim | shown)" else empty end,
	if .ratio_target then (if .better == "more" then "≥ " else "≤ " end) + "\(.ratio_target)x"
	else empty end
] | if length == 0 then "" else join(", ") end;
def reference: [
	if .reference then "\(.reference): \(.reference_value | shown)" else empty end,
	if .quoted then "quoted: \(.quoted)" else empty end
] | join("; ");

["case", "figure", "reference", "ratio", "target", "met"],
(.cases | to_entries[] | .key as $case | .value.rows[]
	| ["\($case): \(.name)", figure, reference,
		if .ratio then .ratio | rounded(2) | tostring else "" end, target,
		if .met == null then "" elif .met then "yes" else "no" end])
| @tsv
