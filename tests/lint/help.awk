# The list of make help, from the makefiles' lines "## group: target [SETTINGS]  what it does".
/^## (learn|operate|develop): / {
	group = substr($2, 1, length($2) - 1)
	text = substr($0, index($0, ": ") + 2)
	at = match(text, /  +/)
	lines[group] = lines[group] sprintf("  %-22s %s\n", substr(text, 1, at - 1), \
		substr(text, at + RLENGTH))
}
END {
	printf "usage: make TARGET [SETTING=VALUE...]\n\nlearn\n%s\noperate\n%s\ndevelop\n%s", lines["learn"], lines["operate"], lines["develop"]
}
