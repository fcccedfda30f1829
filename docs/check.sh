#!/usr/bin/env bash
# Checks what the documentation says and a program can know: links, files and translations
# (docs/check.awk), the rows of the runbook, and the tables of docs/settings.md. Prints each breach;
# exit code 1 if there is one. Make targets are checked by tests/lint/check_sources.sh.
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

mapfile -t pages < <(git ls-files -co --exclude-standard '*.md')
git ls-files -co --exclude-standard | awk -f docs/check.awk - "${pages[@]}" || breaches=1

# The runbook has a row for each alert, in the order of the rules, and none for another.
while IFS= read -r difference; do
	breach "docs/operations.md: the rows of \"When an alert fires\" are not the rules of alerts.yml: $difference"
done < <(diff <(sed -n 's/.*- alert: //p' deploy/monitoring/alerts.yml) \
	<(sed -nE '/^## When an alert fires/,/^## Known/ s/^\| `([A-Za-z]+)` .*/\1/p' docs/operations.md) |
	grep '^[<>]' || true)

# The page of errors has a heading for each kind, and none for another.
while IFS= read -r difference; do
	breach "docs/errors.md: its headings are not the kinds of http_problem.c: $difference"
done < <(diff <(grep -o 'PAGE "[a-z-]*"' common/http/http_problem.c | cut -d '"' -f 2 | sort) \
	<(sed -n 's/^### //p' docs/errors.md | sort) | grep '^[<>]' || true)

fresh=$(mktemp)
cp docs/settings.md "$fresh"
docs/settings.sh "$fresh"
cmp -s docs/settings.md "$fresh" ||
	breach "docs/settings.md is not what the services print with --help: make docs-settings"
rm -f "$fresh"

((breaches == 0)) || { echo "docs/check.sh: $breaches breaches" >&2; exit 1; }
