#!/usr/bin/env bash
# Prints the row of figures that docs/architecture.md compares, for one working tree of C sources.
#
# usage: docs/measure.sh TREE EXCLUDE FOLDER...
#   EXCLUDE  an extended regular expression of files to leave out (tests, generated files)
#   FOLDER   where TREE keeps its sources. Needs git and universal-ctags.
#
# A file's length is its lines. A function's length runs from the line of its name to its closing
# brace, as ctags sees them. A comment line is a line with any comment on it; comment density is
# comment lines in a hundred lines that are not blank. Shell is every tracked file with a shell's
# #! line or the name *.sh, anywhere in TREE.
set -euo pipefail
export LC_ALL=C.UTF-8
DENSITY=$(realpath "$(dirname "$0")/comment_density.awk")

cd "${1:?usage: docs/measure.sh TREE EXCLUDE FOLDER...}"
exclude=$2
folders=("${@:3}")

files() {
	git ls-files -- "${folders[@]}" | grep -E "\\.$1\$" | grep -vE "$exclude" || true
}

# spread: numbers on stdin -> count, median, longest.
spread() {
	sort -n | awk '{ a[NR] = $1 } END { printf "%d, %d, %d", NR, a[int((NR + 1) / 2)], a[NR] }'
}

density() {
	files "$1" | xargs -r cat | awk -f "$DENSITY"
}

shell_lines() {
	git ls-files | while read -r file; do
		[[ -f $file ]] && { [[ $file == *.sh ]] || head -c 80 "$file" | head -1 |
			grep -aqE '^#!.*\b(ba|da|k)?sh\b'; } && cat -- "$file"
	done 2>/dev/null | wc -l
}

printf '| %s | %s | %s | %s | %s |\n' \
	"$(files c | xargs -r wc -l | awk '$2 != "total" { print $1 }' | spread)" \
	"$(files c | ctags -L - -f - --kinds-C=f --fields=+ne |
		sed -nE 's/.*line:([0-9]+).*end:([0-9]+).*/\2 \1/p' | awk '{ print $1 - $2 + 1 }' | spread)" \
	"$(density c)" "$(density h)" "$(shell_lines)"
