#!/usr/bin/env bash
# Checks deploy/monitoring/ without starting anything: promtool reads the configuration and the rules and
# plays the situations of alerts_test.yml; every query of the board is one that Prometheus takes; no
# rule and no query names a metric that nobody writes.
#
# usage: tests/monitoring/check.sh
# env: CACHE_DIR  see stack/process.sh
set -euo pipefail
# shellcheck source=stack/process.sh
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"

readonly ALERTS=deploy/monitoring/alerts.yml BOARD=deploy/monitoring/grafana/boards/ordering-lab.json
WORK_DIR=
PROMTOOL=

# board_rules: prints the board's queries as recording rules, so that promtool can read them.
board_rules() {
	jq '{groups: [{name: "board", rules: [
		[.panels[].targets[]?.expr, .annotations.list[].expr][]
		| gsub("\\$__(rate_interval|range)"; "1m")] | to_entries
		| map({record: "board:query:\(.key)", expr: .value})}]}' "$BOARD"
}

# names_used: prints the metrics that rules and board name.
names_used() {
	{
		cat "$ALERTS"
		jq -r '.panels[].targets[]?.expr' "$BOARD"
	} | sed 's/"[^"]*"//g' | # labels' values and texts
		grep -oE '\b(http|order|relay|delivery|lab|process|kafka)_[a-z0-9_]+\b' |
		sed -E 's/_(bucket|sum|count)$//' | sort -u
}

# names_written: prints those that the services write (a test holds the table to that) and those
# that the JMX exporter makes of Kafka's beans.
names_written() {
	{
		# shellcheck disable=SC2016 # backticks of the table
		sed -n 's/^| `\([a-z_]*\)` .*/\1/p' deploy/monitoring/README.md
		sed -n 's/^ *name: \(kafka_.*\)/\1/p' deploy/monitoring/jmx-exporter.yml
	} | sort -u
}

# check_names: every metric that is used is written.
check_names() {
	local unknown
	unknown=$(comm -23 <(names_used) <(names_written))
	[[ -z $unknown ]] || die "nobody writes ${unknown//$'\n'/, }: see $ALERTS and $BOARD"
}

# check_board: its panels have an id and a place of their own and know their data source.
check_board() {
	local breaches
	breaches=$(jq -r --arg uid "$(sed -n 's/^ *uid: //p' \
		deploy/monitoring/grafana/provisioning/datasources/prometheus.yml)" '
		(.panels | group_by(.id)[] | select(length > 1) | "panel id \(.[0].id) comes twice"),
		(.panels | group_by(.gridPos | [.x, .y])[] | select(length > 1)
			| "\(map(.title)) are in one place"),
		(.panels[] | select(.gridPos.x + .gridPos.w > 24) | "\(.title) is too wide"),
		(.panels[] | select(.type != "row" and ((.targets // []) | length == 0))
			| "\(.title) asks for nothing"),
		(.panels[] | .title as $title | .. | .datasource? // empty
			| select(.uid != $uid) | "\($title): data source \(.uid) is not provisioned")
		' "$BOARD")
	[[ -z $breaches ]] || die "$BOARD: ${breaches//$'\n'/; }"
}

# check_tested: every alert is played.
check_tested() {
	local name
	while IFS= read -r name; do
		grep -q "alertname=\"$name\"" tests/monitoring/alerts_test.yml ||
			die "tests/monitoring/alerts_test.yml: nothing lets $name fire"
	done < <(sed -n 's/.*- alert: //p' "$ALERTS")
}

main() {
	(($# == 0)) || die "takes no arguments"
	cd "$REPO_DIR"
	require_command jq
	PROMTOOL=$(deploy/monitoring/fetch.sh prometheus)/promtool
	WORK_DIR=$(mktemp -d)
	trap 'rm -rf "$WORK_DIR"' EXIT
	"$PROMTOOL" check config deploy/monitoring/prometheus.yml
	"$PROMTOOL" check rules --lint=all --lint-fatal "$ALERTS"
	check_tested
	"$PROMTOOL" test rules tests/monitoring/alerts_test.yml
	check_board
	board_rules >"$WORK_DIR/board.json"
	"$PROMTOOL" check rules --lint=none "$WORK_DIR/board.json"
	check_names
	say "deploy/monitoring/: all is well"
}

main "$@"
