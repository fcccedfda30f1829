# A row as row.sh gets it, all values texts, as it is kept: numbers, median, ratio, verdict.
def numbers: split(" ") | map(select(. != "") | tonumber);
def median: sort | (length / 2 | floor) as $half
	| if length % 2 == 1 then .[$half] else (.[$half - 1] + .[$half]) / 2 end;
def reaches($target; $better): if $better == "more" then . >= $target else . <= $target end;
def given($name): if .[$name] then .[$name] |= tonumber else . end;

.values |= numbers
| .value = (.values | median)
| given("target") | given("aim") | given("ratio_target")
| if .reference_values then
	.reference_values |= numbers
	| .reference_value = (.reference_values | median)
	| .ratio = (.value / .reference_value)
else . end
# With QUICK=1 the work is another one: no verdict.
| if .quick == 1 or (.target == null and .ratio_target == null) then . else
	. as $row
	| .met = ((.target == null or (.value | reaches($row.target; $row.better)))
		and (.ratio_target == null or (.ratio | reaches($row.ratio_target; $row.better))))
end
| del(.quick)
