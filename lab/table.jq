# Tables and figures as text.

# A whole number as 300,000.
def grouped: tostring | if length > 3 then (.[:-3] | grouped) + "," + .[-3:] else . end;

# With so many digits behind the point.
def fixed($digits): pow(10; $digits) as $p | . * $p | round
	| if $digits == 0 then tostring
	  else "\(. / $p | trunc).\("000\(. % $p)"[-$digits:])" end;

# With the digits that matter.
def milliseconds: (if . < 10 then fixed(1) else fixed(0) end) + " ms";

def spaces($count): if $count > 0 then " " * $count else "" end;

# Input: rows of cells, the heading first. Output: lines with aligned columns; columns of figures to
# the right.
def text_table: . as $rows
	| [range($rows[0] | length) as $c | {
		width: ([$rows[][$c] | length] | max),
		text: any($rows[1:][][$c]; test("^([0-9]|-?$)") | not) }] as $columns
	| $rows[]
	| [range(length) as $c | spaces($columns[$c].width - (.[$c] | length)) as $fill
		| if $columns[$c].text then .[$c] + $fill else $fill + .[$c] end]
	| join("  ") | sub(" +$"; "");

def markdown_table: map(map(gsub("[|]"; "\\|")))
	| "| \(.[0] | join(" | ")) |", "|\(.[0] | map("---") | join("|"))|",
		(.[1:][] | "| \(join(" | ")) |");

# The same in psql's manner; a cell's lines are separated by newlines.
def grid_table: map(map(split("\n"))) as $rows
	| [range($rows[0] | length) as $c | [$rows[][$c][] | length] | max] as $widths
	| ($widths | map("-" * (. + 2)) | join("+")) as $rule
	| $rows | to_entries[]
	| (if .key > 0 then $rule else empty end),
		(.value as $row | range([$row[] | length] | max) as $line
		| [range($row | length) as $c | ($row[$c][$line] // "") as $text
			| " \($text)\(spaces($widths[$c] - ($text | length))) "]
		| join("|") | sub(" +$"; ""));
