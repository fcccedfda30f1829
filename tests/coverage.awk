# The lines that ran, by folder, from what gcov prints about each file; and with gcov -b the branches
# that were taken. Headers are left out.
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
}
/^Taken at least once:/ && file ~ /\.c$/ {
	split($4, share, /[:%]/)
	branches[folder] += $6
	taken[folder] += share[2] * $6 / 100
	all_branches += $6
	all_taken += share[2] * $6 / 100
}
function of_branches(taken, count) {
	return count ? sprintf(", %5.1f %% of %5d branches", 100 * taken / count, count) : ""
}
END {
	for (folder in lines)
		printf "%-28s %5.1f %% of %5d lines%s\n", folder, 100 * ran[folder] / lines[folder], \
			lines[folder], of_branches(taken[folder], branches[folder]) | "sort"
	close("sort")
	if (all_lines)
		printf "%-28s %5.1f %% of %5d lines%s\n", "all", 100 * all_ran / all_lines, all_lines, \
			of_branches(all_taken, all_branches)
}
