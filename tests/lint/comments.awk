# Identifiers and file names in comments that exist nowhere in the sources. Its input is every file
# of the repository, one after the other; a word with an underscore or with () behind it counts as an
# identifier, and what a library begins its names with is left alone.

# note COMMENT: keeps the words that must exist somewhere, with their first place.
function note(comment,    word, at) {
	while (match(comment, /[A-Za-z][A-Za-z0-9_]*(\(\)|\.(c|h|sh|mk|awk|jq|sql|supp|txt)\>)?/)) {
		word = substr(comment, RSTART, RLENGTH)
		# Not a part of a longer thing, as a path's, a number's or a pattern's.
		at = RSTART > 1 ? substr(comment, RSTART - 1, 1) : " "
		comment = substr(comment, RSTART + RLENGTH)
		if (at !~ /[ (\/,;:`]/ || substr(comment, 1, 1) ~ /[=*<{-]/)
			continue
		if (word ~ /\.(c|h|sh|mk|awk|jq|sql|supp|txt)$/) {
			if (!((word, "f") in place))
				place[word, "f"] = FILENAME ":" FNR
		} else if (word ~ /_[A-Za-z0-9]|\(\)$/ && word ~ /[a-z]/ && word !~ library) {
			sub(/\(\)$/, "", word)
			if (!((word, "i") in place))
				place[word, "i"] = FILENAME ":" FNR
		}
	}
}

# take CODE: its words exist.
function take(code,    words, count, i) {
	count = split(code, words, /[^A-Za-z0-9_]+/)
	for (i = 1; i <= count; i++)
		known[words[i]] = 1
}

BEGIN {
	library = "^(rd_kafka|mg|pthread|PQ|pg_stat|LD|MSG|SO|TCP|SCHED|fd|thrd|mtx|cnd|array_recv|full_page_writes)_?"
}

FNR == 1 {
	inside = 0
	name = FILENAME
	sub(/.*\//, "", name)
	file[name] = 1
	is_c = FILENAME ~ /\.[ch]$/
	is_hash = FILENAME ~ /(\.(sh|mk|awk|jq)|Makefile)$/
}

is_c {
	rest = $0
	while (rest != "") {
		if (inside) {
			end = index(rest, "*/")
			note(end ? substr(rest, 1, end - 1) : rest)
			inside = !end
			rest = end ? substr(rest, end + 2) : ""
		} else {
			start = index(rest, "/*")
			take(start ? substr(rest, 1, start - 1) : rest)
			inside = start > 0
			rest = start ? substr(rest, start + 2) : ""
		}
	}
	next
}

is_hash && /^[ \t]*#/ && !/^#!/ {
	# "# name ARGUMENTS: what" documents the function below; shellcheck's are its own words.
	if ($0 !~ /shellcheck/)
		note($0)
	next
}

{ take($0) }

END {
	for (key in place) {
		split(key, part, SUBSEP)
		if (part[2] == "f" ? !(part[1] in file) : !(part[1] in known)) {
			print place[key] ": " part[1] " is named in a comment and exists nowhere"
			breaches++
		}
	}
	exit breaches > 0
}
