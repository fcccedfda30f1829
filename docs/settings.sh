#!/usr/bin/env bash
# Rewrites the tables of docs/settings.md from what the services print with --help.
#
# usage: docs/settings.sh [FILE]    FILE: docs/settings.md
# env: BUILD_DIR  where the services are (build)
set -euo pipefail
export LC_ALL=C.UTF-8

cd "${BASH_SOURCE[0]%/*}/.."
build=${BUILD_DIR:-build} file=${1:-docs/settings.md}

for service in order-service delivery-service; do
	rows=$(env -i "$build/$service" --help | awk -f docs/settings.awk)
	[[ $rows == *HTTP_PORT* ]] || { echo "docs/settings.sh: $build/$service prints no settings" >&2; exit 1; }
	awk -v begin="<!-- settings $service: begin -->" -v end="<!-- settings $service: end -->" -v rows="$rows" '
		$0 == end { inside = 0 }
		!inside { print }
		$0 == begin { inside = 1; print rows }' "$file" >"$file.new"
	mv "$file.new" "$file"
done
