# What a run has measured (lines of case, subject, figure and value, separated by tabs) as what is
# kept: of each figure of figures.json its values, their median, the reference, ratio and verdict.
def median: sort | (length / 2 | floor) as $half
	| if length % 2 == 1 then .[$half] else (.[$half - 1] + .[$half]) / 2 end;
def reaches($target; $better): if $better == "more" then . >= $target else . <= $target end;

# In the order in which they came.
def distinct: reduce .[] as $item ([]; if index($item) then . else . + [$item] end);

# A target is a ratio to a reference of the same run. at_most is for what no machine's speed
# changes: errors and memory. No verdict with QUICK=1, whose work is another one, and none on a ratio
# if the references moved.
def verdict: . as $row
	| if .target == null then del(.unsteady) else . end
	| if $quick == 1 or .unsteady or (.target == null and .at_most == null) then . else
		.met = ((.target == null or (.ratio != null and (.ratio | reaches($row.target; $row.better))))
			and (.at_most == null or .value <= .at_most))
	  end;

[split("\n")[] | select(length > 0) | split("\t")
	| { case: .[0], subject: .[1], figure: .[2], value: (.[3] | tonumber) }] as $measured
| def values($case; $subject; $figure): [$measured[]
	| select(.case == $case and .subject == $subject and .figure == $figure) | .value];
  # A figure is not its own reference.
  def row($subject): . as $definition
	| (if .against_subject == $subject then del(.against, .reference, .target) else . end)
	| (if .against then values(.case; .against_subject // $subject; .against) else [] end) as $others
	| { name: (.name | sub("%"; $subject)), unit, better,
		values: values(.case; $subject; .figure), target, aim, at_most, reference,
		unsteady: values(.case; "-"; "unsteady")[0] }
	+ (.by[$subject] // {})
	| .value = (.values | median)
	| (if $others != [] then .reference_values = $others | .reference_value = ($others | median)
		| .ratio = (if .reference_value == 0 then null else .value / .reference_value end) else . end)
	| (if $definition.case == "growth" then .rows_before = ($subject | tonumber * 1000000) else . end)
	| verdict | with_entries(select(.value != null));
{ machine: $stamp.machine, cases: (reduce ([$measured[].case] | distinct[]) as $case ({};
	.[$case] = { date: $stamp.date, commit: $stamp.commit,
		rows: [[$measured[] | select(.case == $case and .figure != "unsteady") | .subject]
			| distinct[] as $subject
			| $figures[0][] | select(.case == $case and values($case; $subject; .figure) != []) | row($subject)] })) }
