#!/usr/bin/env bash
# Plays tests/page/play.py against the live page of a temporary stack.
#
# usage: tests/page/run.sh
# env: SHOTS  folder for pictures of the page, in both languages and themes (none)
#      CACHE_DIR, the ports: see stack/process.sh, stack/settings.sh
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"
. "$REPO_DIR/stack/temporary_stack.sh"

readonly WANTED=$REPO_DIR/tests/page/requirements.txt
readonly VENV=$CACHE_DIR/page-venv

# make_venv: the packages of requirements.txt; again when these have changed.
make_venv() {
	cmp -s "$WANTED" "$VENV/requirements.txt" && return 0
	rm -rf "$VENV"
	{
		python3 -m venv "$VENV"
		"$VENV/bin/pip" install -q --disable-pip-version-check -r "$WANTED"
	} || die "Python's packages in $WANTED could not be had"
	cp "$WANTED" "$VENV/requirements.txt"
}

require_command chromium chromedriver
export PAGE=on DELIVERY_DELAY_MS=2000
make_venv
temporary_stack_open page
temporary_stack_start
progress "the page is at http://127.0.0.1:$PAGE_PORT"
PAGE_URL="http://127.0.0.1:$PAGE_PORT" PAGE_TOKEN=$(<"$RUN_DIR/page.token") \
	"$VENV/bin/python" -u "$REPO_DIR/tests/page/play.py"
