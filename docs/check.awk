# What pages of Markdown say of the repository and of each other: links and anchors lead somewhere, files
# that are named in backticks exist, and a page in Korean has the headings and the commands of its
# English counterpart. Prints each breach; exit status 1 if there is one.
#
# usage: git ls-files -co --exclude-standard | awk -f docs/check.awk - PAGE...
# A code block that is marked as text holds what a program prints, in the page's language.

function breach(text) {
	print text > "/dev/stderr"
	status = 1
}

# normal: the path without its "." and "x/..".
function normal(path, parts, n, i, kept, depth, result) {
	n = split(path, parts, "/")
	for (i = 1; i <= n; i++) {
		if (parts[i] == "..")
			depth--
		else if (parts[i] != "" && parts[i] != ".")
			kept[++depth] = parts[i]
	}
	for (i = 1; i <= depth; i++)
		result = result (i > 1 ? "/" : "") kept[i]
	return result == "" ? "." : result
}

# english: the page that this one is a translation of; empty if it is none.
function english(page) {
	if (sub(/^docs\/ko\//, "docs/", page) || sub(/\.ko\.md$/, ".md", page))
		return page
	return ""
}

# add_heading: its anchor is what GitHub makes of it.
function add_heading(text) {
	headings[FILENAME]++
	sub(/^#+ /, "", text)
	while (match(text, /\]\([^)]*\)/))
		text = substr(text, 1, RSTART - 1) substr(text, RSTART + RLENGTH)
	text = tolower(text)
	gsub(/[!-,.\/:-@\[-^`{-~]/, "", text)
	gsub(/ /, "-", text)
	anchors[FILENAME "#" text]
}

# add_command: what both languages have. A comment is translated.
function add_command(text) {
	sub(/[ \t]+# .*/, "", text)
	gsub(/[ \t]+/, " ", text)
	sub(/ $/, "", text)
	if (text !~ /^ ?(#|$)/)
		commands[FILENAME] = commands[FILENAME] text "\n"
}

function check_link(page, link, path, anchor, target) {
	if (link ~ /^[a-z]+:/)
		return
	path = anchor = link
	sub(/#.*/, "", path)
	target = page
	sub(/[^\/]*$/, "", target)
	target = path == "" ? page : normal(target path)
	if (!(target in exists))
		breach(page ": link to " link ": no such file")
	else if (sub(/^[^#]*#/, "", anchor) && !((target "#" anchor) in anchors))
		breach(page ": link to " link ": no such heading")
}

# check_commands: names the first line that differs.
function check_commands(page, original, ours, theirs, i) {
	split(commands[page], ours, "\n")
	split(commands[original], theirs, "\n")
	for (i = 1; ours[i] != "" && ours[i] == theirs[i]; i++)
		;
	if (ours[i] != theirs[i])
		breach(page ": has \"" ours[i] "\" where " original " has \"" theirs[i] "\"")
}

FILENAME == "-" {
	for (path = $0; ; path = substr(path, index(path, "/") + 1)) {
		is_end_of_a_path[path]
		if (path !~ /\//)
			break
	}
	for (path = $0; path ~ /\//; sub(/\/[^\/]*$/, "", path))
		exists[path]
	exists[path]
	next
}
FNR == 1 {
	pages[++n_pages] = FILENAME
	in_block = 0
}
/^ *```/ {
	in_block = !in_block
	prints = $0 ~ /text$/
	next
}
in_block {
	if (!prints)
		add_command($0)
	next
}
/^#+ / { add_heading($0) }
/^\| `/ { add_command(substr($0, 1, index(substr($0, 2), "|"))) }
{
	for (rest = $0; match(rest, /\]\([^) \t]+\)/); rest = substr(rest, RSTART + RLENGTH))
		links[++n_links] = FILENAME "\n" substr(rest, RSTART + 2, RLENGTH - 3)
	for (rest = $0; match(rest, /`[a-zA-Z0-9_.\/-]+\.(c|h|sh|sql|mk|md|yml|yaml|env|gp)`/); rest = substr(rest, RSTART + RLENGTH)) {
		name = substr(rest, RSTART + 1, RLENGTH - 2)
		if (!(name in is_end_of_a_path))
			breach(FILENAME ": " name ": no such file")
	}
}

END {
	for (i = 1; i <= n_links; i++) {
		split(links[i], link, "\n")
		check_link(link[1], link[2])
	}
	for (i = 1; i <= n_pages; i++) {
		original = english(pages[i])
		if (original == "")
			continue
		if (headings[pages[i]] != headings[original])
			breach(pages[i] ": has " headings[pages[i]] + 0 " headings, " original " has " headings[original] + 0)
		check_commands(pages[i], original)
	}
	exit status
}
