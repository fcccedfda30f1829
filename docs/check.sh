#!/usr/bin/env bash
# Checks what the documentation says and a program can know: relative links and anchors, files, the
# rows of the runbook, and the tables of docs/settings.md. Prints each breach; exit code 1 if there is one. Make targets are
# checked by tests/lint/check_sources.sh.
#
# usage: docs/check.sh
# env: BUILD_DIR  where the services are (build)
set -euo pipefail
export LC_ALL=C.UTF-8

cd "${BASH_SOURCE[0]%/*}/.."
breaches=0
breach() {
	printf '%s\n' "$*" >&2
	breaches=$((breaches + 1))
}

# anchors FILE: those that GitHub gives its headings.
anchors() {
	sed -nE 's/^#+ (.*)/\1/p' "$1" | sed -E 's/\[([^]]*)\]\([^)]*\)/\1/g' |
		tr '[:upper:]' '[:lower:]' | sed -E 's/[^[:alnum:] _-]//g; s/ /-/g'
}

mapfile -t pages < <(git ls-files -co --exclude-standard '*.md')
for page in "${pages[@]}"; do
	while IFS= read -r link; do
		path=${link%%#*} anchor=
		[[ $link != *#* ]] || anchor=${link#*#}
		target=$page
		[[ -z $path ]] || target=$(realpath -m --relative-to=. -- "$(dirname "$page")/$path")
		if [[ ! -e $target ]]; then
			breach "$page: link to $link: no such file"
		elif [[ -n $anchor ]] && ! anchors "$target" | grep -qxF -- "$anchor"; then
			breach "$page: link to $link: no such heading"
		fi
	done < <(grep -oE '\]\([^)[:space:]]+\)' "$page" | sed -E 's/^\]\((.*)\)$/\1/' |
		grep -vE '^[a-z]+:' || true)
done

# A file that is named in backticks is one of the repository, or a file of it ends so.
files=$(git ls-files -co --exclude-standard)
# shellcheck disable=SC2016 # backticks of Markdown
while IFS=: read -r page name; do
	grep -qE "(^|/)${name//./\\.}\$" <<<"$files" || breach "$page: $name: no such file"
done < <(grep -oHE '`[a-zA-Z0-9_./-]+\.(c|h|sh|sql|mk|md|yml|yaml|env|gp)`' "${pages[@]}" | tr -d '`' | sort -u)

# The runbook has a row for each alert, in the order of the rules, and none for another.
while IFS= read -r difference; do
	breach "docs/operations.md: the rows of \"When an alert fires\" are not the rules of alerts.yml: $difference"
done < <(diff <(sed -n 's/.*- alert: //p' deploy/monitoring/alerts.yml) \
	<(sed -nE '/^## When an alert fires/,/^## Known/ s/^\| `([A-Za-z]+)` .*/\1/p' docs/operations.md) |
	grep '^[<>]' || true)

fresh=$(mktemp)
cp docs/settings.md "$fresh"
docs/settings.sh "$fresh"
cmp -s docs/settings.md "$fresh" ||
	breach "docs/settings.md is not what the services print with --help: make docs-settings"
rm -f "$fresh"

((breaches == 0)) || { echo "docs/check.sh: $breaches breaches" >&2; exit 1; }
