# The result of a lab or of the benchmarks:
#   { lab, title, scale, date, commit, machine,          of the run
#     columns: [{ key, heading }], rows: [{ key: text }], the table
#     promises: [{ met, text }],                          what had to happen
#     notes: [text] }                                     what the figures do not say
# lab/<lab>.jq makes columns, rows, promises and notes of what was measured.
include "table";

# Input of lab/<lab>.jq: the figures, by name; .settings; .finished: the names of the scenarios that
# came to their end. Only they have rows and promises.
def finished($name): .finished | index($name) != null;

# The synchronous ways, as a row calls them.
def way_names: { http: "HTTP, a connection for each request", pool: "HTTP, pools of 10 connections",
	group: "HTTP, group commit", kafka: "Kafka" };

def percent: fixed(0) + " %";

def cells: (.columns | map(.key)) as $keys
	| [(.columns | map(.heading))] + [.rows[] as $row | $keys | map($row[.] // "")];

def text: (cells | text_table), "",
	(.promises[] | (if .met then "as promised:  " else "NOT AS PROMISED: " end) + .text),
	(.notes[] | gsub("[*]{2}"; ""));

def machine: "\(.machine.cores) cores (\(.machine.cpu))";

# What else ran: a machine that is half busy before the run measures that, too.
def busy: if (.machine.load_before // 0) > .machine.cores / 2 then
		"; **the machine was busy with other work (load \(.machine.load_before | round)): compare the rows only**"
	else "" end;

# plot: its path from the page.
def markdown($plot): if .lab == "bench" then
		"Measured on \(machine), \(.machine.memory_mb) MB, everything on the same machine, load "
			+ "generators included; medians; commit \(.commit). `make bench` measures it again."
	else
		"`make \(.lab)` on \(machine), everything on them, load generators included; "
			+ "commit \(.commit)\(busy)."
	end,
	"", (cells | markdown_table), "", "![\(.title)](\($plot))", "",
	(.promises[] | "- " + (if .met then "" else "**not** " end) + "as promised: " + .text),
	(.notes[] | "- " + .);

# The last row in one sentence, for the terminal.
def last_row: .rows[-1] as $row
	| [.columns[] | select($row[.key] // "" | length > 0) | "\(.heading): \($row[.key])"] | join("; ");
