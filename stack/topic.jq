# What kcat prints of a message (-J), for a reader and for the labs.
def header($name): .headers as $h | ($h // [] | index($name)) as $i
	| if $i == null then "-" else $h[$i + 1] // "-" end
	| ltrimstr("\"") | rtrimstr("\"");

def left($n): tostring | . + (" " * ($n - length) // "");
def right($n): tostring | (" " * ($n - length) // "") + .;

# A line of `make topic`.
def line: [(.partition | left(9)), (.offset | right(6)) + " ", (.key // "-" | left(6)),
	(header("type") | left(18)), (.payload // "(null)" | tostring)] | join(" ");

# Partition, offset, key, type, order and version, separated by tabs.
def fields: (.payload // "" | fromjson? // {} | objects) as $event
	| [.partition, .offset, .key // "-", header("type"), $event.orderId // $event.id // "-",
		$event.version // "-"] | @tsv;
