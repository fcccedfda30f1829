#!/usr/bin/env bash
# Rules of the sources that no compiler knows. Prints each breach as file:line and why; exit 1 if any.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."

breaches=0

# breach TEXT: counts it.
breach() {
	printf '%s\n' "$1" >&2
	breaches=$((breaches + 1))
}

# level FILE: how low a header stands; includes point to the same level or downwards.
level() {
	case $1 in
	common/base/error.* | common/base/strbuf.* | common/base/parse.* | common/base/backoff.* | common/runtime/clock.* | \
		common/runtime/log.* | common/base/config* | common/runtime/stop.* | common/base/version.*) echo 1 ;;
	common/event/event* | common/base/metrics.* | common/pg/pg_array.* | common/pg/pg_params.* | common/http/http.h | common/http/http.c) echo 2 ;;
	common/*) echo 3 ;;
	order-service/* | delivery-service/*) echo 4 ;;
	*) echo 5 ;;
	esac
}

# include_arrows: no include points upwards, and the two services never include each other.
include_arrows() {
	local file line target
	while IFS=: read -r file line target; do
		target=${target#*\"}
		target=${target%\"*}
		if (($(level "$target") > $(level "$file"))); then
			breach "$file:$line: includes $target, which stands above it"
		fi
		if [[ ${file%%/*} == *-service && ${target%%/*} == *-service && \
			${file%%/*} != "${target%%/*}" ]]; then
			breach "$file:$line: one service includes the other's $target"
		fi
	done < <(grep -n '^#include "' common/*.[ch] {order,delivery}-service/{,direct/}*.[ch])
}

# banned_calls: functions that overrun, split or start shells. A line with ALLOWED says why it may.
banned_calls() {
	local hit
	while IFS= read -r hit; do
		[[ $hit == *ALLOWED* ]] || breach "$hit: banned function"
	done < <(grep -nE '\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|system|popen|alloca|strncpy|signal)\(' \
		common/*.c {order,delivery}-service/{,direct/}*.c tests/*/*.c | cut -c1-160)
}

# documented_settings: every setting of the tables stands in the README.
documented_settings() {
	local name
	while IFS= read -r name; do
		grep -q "\`$name\`" README.md || breach "README.md: setting $name is not described"
	done < <(grep -hoE '\{ "[A-Z_]{4,}", CONFIG_' common/*.h order-service/*.c delivery-service/*.c |
		cut -d'"' -f2 | sort -u)
}

# documented_targets: every make target of the README exists.
documented_targets() {
	local name
	while IFS= read -r name; do
		grep -qhE "^\.PHONY:.*\b$name\b" Makefile lab/*.mk tests/*.mk tests/*/*.mk ||
			breach "README.md: make $name does not exist"
	done < <(grep -oE '\bmake [a-z][a-z-]+' README.md | cut -d' ' -f2 | sort -u)
}

include_arrows
banned_calls
documented_settings
documented_targets
if ((breaches > 0)); then
	echo "check_sources: $breaches breaches" >&2
	exit 1
fi
