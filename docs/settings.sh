#!/usr/bin/env bash
# Rewrites the tables of docs/settings.md from what the services print with --help.
#
# usage: docs/settings.sh [FILE]    FILE: docs/settings.md
# env: BUILD_DIR  where the services are (build)
set -euo pipefail
export LC_ALL=C.UTF-8

cd "${BASH_SOURCE[0]%/*}/.."
build=${BUILD_DIR:-build} file=${1:-docs/settings.md}

# table SERVICE: its settings as rows: a setting is a line "  NAME  what it is", and the next line
# of the help is "default: VALUE; what is allowed".
table() {
	printf '| setting | default | allowed | what it is |\n|---|---|---|---|\n'
	env -i "$build/$1" --help | awk '
		/^  [A-Z][A-Z_]+ / { name = $1; sub(/^ *[A-Z_]+ +/, ""); text = $0 }
		/^ +default: / {
			sub(/^ +default: /, "")
			allowed = ""
			if (i = index($0, "; ")) { allowed = substr($0, i + 2); $0 = substr($0, 1, i - 1) }
			gsub(/\|/, "\\|", text)
			sub(/^one of: /, "", allowed)
			printf "| `%s` | %s | %s | %s |\n", name, $0 == "(empty)" ? "" : "`" $0 "`", allowed, text
		}'
}

for service in order-service delivery-service; do
	rows=$(table "$service")
	[[ $rows == *HTTP_PORT* ]] || { echo "docs/settings.sh: $build/$service prints no settings" >&2; exit 1; }
	awk -v begin="<!-- settings $service: begin -->" -v end="<!-- settings $service: end -->" -v rows="$rows" '
		$0 == end { inside = 0 }
		!inside { print }
		$0 == begin { inside = 1; print rows }' "$file" >"$file.new"
	mv "$file.new" "$file"
done
