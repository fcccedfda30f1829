# The lines that ran, by folder, from what gcov prints about each file. Headers are left out.
/^File / {
	file = substr($2, 2, length($2) - 2)
	next
}
/^Lines executed:/ && file ~ /\.c$/ {
	split($2, share, /[:%]/)
	folder = file
	sub(/\/[^\/]*$/, "", folder)
	lines[folder] += $4
	ran[folder] += share[2] * $4 / 100
	all_lines += $4
	all_ran += share[2] * $4 / 100
	file = ""
}
END {
	for (folder in lines)
		printf "%-28s %5.1f %% of %5d lines\n", folder, 100 * ran[folder] / lines[folder], \
			lines[folder] | "sort"
	close("sort")
	if (all_lines)
		printf "%-28s %5.1f %% of %5d lines\n", "all", 100 * all_ran / all_lines, all_lines
}
