# What a run has measured (lines of case, subject, figure and value, separated by tabs) as what is
# kept: of each figure of figures.json its values, their median, the reference, ratio and verdict.
def median: sort | (length / 2 | floor) as $half
	| if length % 2 == 1 then .[$half] else (.[$half - 1] + .[$half]) / 2 end;
def reaches($target; $better): if $better == "more" then . >= $target else . <= $target end;

# In the order in which they came.
def distinct: reduce .[] as $item ([]; if index($item) then . else . + [$item] end);

def verdict: . as $row
	# With QUICK=1 the work is another one: no verdict.
	| if $quick == 1 or (.target == null and .ratio_target == null) then . else
		.met = ((.target == null or (.value | reaches($row.target; $row.better)))
			and (.ratio_target == null or (.ratio | reaches($row.ratio_target; $row.better))))
	  end;

[split("\n")[] | select(length > 0) | split("\t")
	| { case: .[0], subject: .[1], figure: .[2], value: (.[3] | tonumber) }] as $measured
| def values($case; $subject; $figure): [$measured[]
	| select(.case == $case and .subject == $subject and .figure == $figure) | .value];
  # A figure is not its own reference.
  def row($subject): . as $definition
	| (if .against_subject == $subject then del(.against, .reference, .ratio_target) else . end)
	| (if .against then values(.case; .against_subject // $subject; .against) else [] end) as $others
	| { name: (.name | sub("%"; $subject)), unit, better,
		values: values(.case; $subject; .figure), target, aim, ratio_target, reference, quoted }
	+ (.by[$subject] // {})
	| .value = (.values | median)
	| (if $others != [] then .reference_values = $others | .reference_value = ($others | median)
		| .ratio = (if .reference_value == 0 then null else .value / .reference_value end) else . end)
	| (if $definition.case == "growth" then .rows_before = ($subject | tonumber * 1000000) else . end)
	| verdict | with_entries(select(.value != null));
{ machine: $stamp.machine, cases: (reduce ([$measured[].case] | distinct[]) as $case ({};
	.[$case] = { date: $stamp.date, commit: $stamp.commit,
		rows: [[$measured[] | select(.case == $case) | .subject] | distinct[] as $subject
			| $figures[0][] | select(.case == $case) | row($subject)] })) }
