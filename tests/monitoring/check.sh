#!/usr/bin/env bash
# Checks deploy/monitoring/ without starting anything: promtool reads the configuration and the rules and
# plays the situations of alerts_test.yml; every query of the board is one that Prometheus takes; no
# rule and no query names a metric that nobody writes.
#
# usage: tests/monitoring/check.sh
# env: CACHE_DIR  see stack/process.sh
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../../stack/process.sh"

readonly ALERTS=deploy/monitoring/alerts.yml BOARD=deploy/monitoring/grafana/boards/ordering-lab.json

# names_used: prints the metrics that rules and board name.
names_used() {
	{
		cat "$ALERTS"
		jq -r '.panels[].targets[]?.expr' "$BOARD"
	} | sed 's/"[^"]*"//g' | # labels' values and texts
		grep -oE '\b(http|order|relay|delivery|service|log|lab|process|kafka)_[a-z0-9_]+\b' |
		sed -E 's/_(bucket|sum|count)$//' | sort -u
}

# names_written: prints those that the services write (a test holds the table to that) and those
# that the JMX exporter makes of Kafka's beans.
names_written() {
	{
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

# check_board: its panels have an id and a place of their own and know their data source, and its
# queries are such that Prometheus takes.
check_board() {
	local breaches uid
	uid=$(sed -n 's/^ *uid: //p' deploy/monitoring/grafana/provisioning/datasources/prometheus.yml)
	breaches=$(jq -r --arg uid "$uid" -f tests/monitoring/board.jq "$BOARD")
	[[ -z $breaches ]] || die "$BOARD: ${breaches//$'\n'/; }"
	jq -f tests/monitoring/board_rules.jq "$BOARD" >"$WORK_DIR/board.json"
	"$PROMTOOL" check rules --lint=none "$WORK_DIR/board.json"
}

check_tested() {
	local name
	while IFS= read -r name; do
		grep -q "alertname=\"$name\"" tests/monitoring/alerts_test.yml ||
			die "tests/monitoring/alerts_test.yml: nothing lets $name fire"
	done < <(sed -n 's/.*- alert: //p' "$ALERTS")
}

main() {
	(($# == 0)) || usage
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
	check_names
	say "deploy/monitoring/: all is well"
}

main "$@"
