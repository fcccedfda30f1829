# A service's settings, as the rows of a table, from what it prints with --help: a setting is a line
# "  NAME  what it is", and the line behind it is "default: VALUE; what is allowed".
BEGIN { print "| setting | default | allowed | what it is |\n|---|---|---|---|" }
/^  [A-Z][A-Z_]+ / { name = $1; sub(/^ *[A-Z_]+ +/, ""); text = $0 }
/^ +default: / {
	sub(/^ +default: /, "")
	allowed = ""
	if (i = index($0, "; ")) { allowed = substr($0, i + 2); $0 = substr($0, 1, i - 1) }
	gsub(/\|/, "\\|", text)
	sub(/^one of: /, "", allowed)
	printf "| `%s` | %s | %s | %s |\n", name, $0 == "(empty)" ? "" : "`" $0 "`", allowed, text
}
