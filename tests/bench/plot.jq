# The rates of a result that have a reference, for gnuplot: name, ours and the reference's in
# thousands per second, the reference's name; separated by tabs.
.cases | to_entries[] | select(.key != "growth" and .key != "scale") | .key as $case | .value.rows[]
| select((.unit | endswith("/s")) and .reference_value and .reference != "asked for")
| ["\($case): \(.name)", .value / 1000, .reference_value / 1000, .reference] | @tsv
