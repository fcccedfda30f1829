include "table";
# What is kept of the benchmarks as a result of the form that lab/result.jq says.
def rounded($digits): pow(10; $digits) as $p | . * $p | round / $p;

# Three digits that matter, or the whole number.
def shown: if . >= 1000 then round | grouped
	elif . >= 100 then rounded(0) | tostring
	elif . >= 10 then rounded(1) | tostring
	else rounded(2) | tostring end;
def figure: if .unit == "s" then .value | rounded(2) | tostring else .value | shown end + " " + .unit;
def target: (if .better == "more" then "≥ " else "≤ " end) as $sign | [
	(select(.target) | "\($sign)\(.target)x"),
	(select(.aim) | "aim \(.aim)x"),
	(select(.at_most != null) | "≤ \(.at_most | shown) \(.unit)")] | join(", ");
def reference: if .reference then "\(.reference): \(.reference_value | shown)" else "" end;
def met: if .target == null and .at_most == null then ""
	elif .unsteady then "reference moved by \(100 * .unsteady | round) %"
	elif .met == null then "" elif .met then "yes" else "NOT MET" end;

{ lab: "bench", title: "orders and events per second, each beside its reference",
	machine, commit: ([.cases[].commit] | unique | join(", ")),
	columns: [{ key: "case", heading: "case" }, { key: "figure", heading: "figure" },
		{ key: "reference", heading: "reference" }, { key: "ratio", heading: "ratio" },
		{ key: "target", heading: "target" }, { key: "met", heading: "met" }],
	rows: [.cases | to_entries[] | .key as $case | .value.rows[]
		| { case: "\($case): \(.name)", figure: figure, reference: reference,
			ratio: (if .ratio then .ratio | rounded(2) | tostring else "" end), target: target,
			met: met }],
	promises: [], notes: [] }
