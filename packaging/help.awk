# What a program says with --help, as its manual page or as its file of settings: neither can say
# anything else than the program.
#
# usage: PROGRAM --help | awk -v as=man|settings [-v name=NAME -v section=N -v date=DATE
#            -v more=FILE] -f packaging/help.awk
#   man       an mdoc page. NAME: as which it is installed. FILE: mdoc of its own, first its FILES
#   settings  NAME=value lines, each a comment with what it is above, to be changed by hand
# The help: "name version - summary", "Usage: name [FLAG|FLAG]", what it does, the settings
# ("  NAME  what it is", then "default: VALUE; what is allowed"), "Exit status: ...".

# plain: text that mdoc takes as it is, a sentence a line.
function plain(text) {
	gsub(/\\/, "\\e", text)
	sub(/ +$/, "", text)
	gsub(/\. /, ".\n", text)
	return text ~ /^[.']/ ? "\\&" text : text
}

function setting(value, allowed) {
	if (as == "man") {
		items = items sprintf(".It Ev %s\n%s.\n%s%s.\n", key, plain(text), value == "(empty)" ? \
			"Not set by default" : "Default: " plain(value), allowed == "" ? "" : "; " allowed)
	} else {
		printf "\n# %s%s\n#%s=%s\n", text, allowed == "" ? "" : " (" allowed ")", key,
			value == "(empty)" ? "" : value
	}
	count++
}

NR == 1 {
	summary = substr($0, index($0, " - ") + 3)
	sub(/[.?!]$/, "", summary)
	next
}
/^Usage: / {
	n = split(substr($0, index($0, "[") + 1), flags, /[|\]]/)
	part = "manner"
	next
}
/^Exit status: / { part = "status"; sub(/^Exit status: /, "") }
/^  [A-Z][A-Z_]+ / { part = "settings"; key = $1; sub(/^ *[A-Z_]+ +/, ""); text = $0; next }
/^ +default: / {
	sub(/^ +default: /, "")
	i = index($0, "; ")
	setting(i ? substr($0, 1, i - 1) : $0, i ? substr($0, i + 2) : "")
	next
}
part == "manner" {
	end = sub(/Settings come from the environment:$/, "")
	if (NF)
		manner = manner plain($0) "\n"
	if (end)
		part = ""
}
part == "status" && NF { exits = exits plain($0) "\n" }

END {
	if (as == "man") {
		printf ".Dd %s\n.Dt %s %s\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n", date, toupper(name), section,
			name, summary
		print ".Sh SYNOPSIS\n.Nm"
		for (i = 1; i <= n; i++)
			if (flags[i] ~ /^-/)
				printf "%s %s", i == 1 ? ".Op Fl" : " | Fl", substr(flags[i], 2)
		printf "\n.Sh DESCRIPTION\n%s", manner
		printf ".Sh ENVIRONMENT\nAn empty setting counts as unset.\n.Bl -tag -width Ds\n%s.El\n", items
		while (more != "" && (getline line < more) > 0)
			if (line ~ /^\.Sh/ && line != ".Sh FILES")
				break
			else
				print line
		printf ".Sh EXIT STATUS\n%s", exits
		if (line ~ /^\.Sh/)
			print line
		while (more != "" && (getline line < more) > 0)
			print line
	}
	exit count == 0
}
