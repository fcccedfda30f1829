# Holds lines of "file:line:target" against the table of who may include whom, tests/lint/includes.txt,
# which is read first. Prints each breach.
# usage: awk -F: -f includes.awk includes.txt -

# place FILE: the longest line of the table that fits; "" when none does.
function place(file,    name) {
	for (name = file; name != ""; name = name ~ "/" ? substr(name, 1, match(name, "/[^/]*$") - 1) : "")
		if (name in may)
			return name
	return ""
}
NR == FNR {
	if ($0 ~ /^[^#]/) {
		split($0, word, " ")
		may[word[1]] = substr($0, length(word[1]) + 1) " "
	}
	next
}
{
	if ($3 == "/dev/null")
		next
	folder = substr($1, 1, match($1, "/[^/]*$"))
	target = $3 ~ "/" ? $3 : folder $3
	from = place($1)
	to = place(target)
	if (from == "") {
		print $1 ":" $2 ": no line of tests/lint/includes.txt is for this file"
		next
	}
	fits = from == to && to != ""
	for (part = target; !fits && part ~ "/"; part = substr(part, 1, match(part, "/[^/]*$") - 1))
		fits = index(may[from], " " part " ")
	if (!fits && !index(may[from], " " part " "))
		print $1 ":" $2 ": " from " may not include " target
}
