#!/usr/bin/env bash
# Rules of the sources that no compiler knows. Prints each breach as file:line and why; exit 1 if any.
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$(realpath "$0")")/../.."

breaches=0

# breaches_of FUNCTION: counts and shows the lines that it prints.
breaches_of() {
	local line
	while IFS= read -r line; do
		printf '%s\n' "$line" >&2
		breaches=$((breaches + 1))
	done < <("$1")
}

# sources PATTERN...: the files of the repository that match, new ones too.
sources() {
	git ls-files -co --exclude-standard "$@" | while IFS= read -r file; do
		[[ ! -f $file ]] || printf '%s\n' "$file"
	done
}

# uses: what includes or sources what, one "file:line:target" a line.
uses() {
	sources '*.[ch]' | xargs grep -noE '^#include "[^"]+"' | sed -E 's/#include "(.*)"/\1/'
	sources '*.sh' | xargs grep -noE '^\. "\$REPO_DIR/[^"]+"' | sed -E 's/\. "\$REPO_DIR\/(.*)"/\1/'
}

# include_rules: every include and source is one that tests/lint/includes.txt allows.
include_rules() {
	uses | awk -F: -f tests/lint/includes.awk tests/lint/includes.txt -
}

# banned_calls: functions that overrun, split or start shells. A line with ALLOWED says why it may.
banned_calls() {
	sources '*.c' | xargs grep -nE '\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|system|popen|alloca|strncpy|signal)\(' |
		grep -v ALLOWED | cut -c1-160 | sed 's/$/: banned function/' || true
}

# makefile_targets: the phony targets, one a line. Those that only build a part are not for users.
makefile_targets() {
	sources Makefile '*.mk' | xargs sed -nE 's/^\.PHONY: //p' | tr ' ' '\n' | sort -u
}

# helped_targets: the targets of make help, one a line.
helped_targets() {
	sources Makefile '*.mk' | xargs sed -nE 's/^## [a-z]+: ([a-z0-9_.-]*).*/\1/p' | sort -u
}

# targets: make help tells of every target, and of none that does not exist.
targets() {
	local name
	while IFS= read -r name; do
		echo "Makefile: make help does not tell of $name"
	done < <(comm -23 <(makefile_targets | grep -v -e '-build$') <(helped_targets))
	while IFS= read -r name; do
		echo "Makefile: make help tells of $name, which does not exist"
	done < <(comm -13 <(makefile_targets) <(helped_targets))
	MAKEFLAGS='' make -s help | awk 'length($0) > 80 { print "Makefile: make help has a line over 80 columns: " $0 }'
}

# quoted_texts: every text that enters a log record is quoted, or a constant of the program.
quoted_texts() {
	sources '*.c' ':!tests/*' ':!common/runtime/log.c' | xargs awk -f tests/lint/log_calls.awk
}

for rule in include_rules banned_calls targets quoted_texts; do
	breaches_of "$rule"
done
if ((breaches > 0)); then
	echo "check_sources: $breaches breaches" >&2
	exit 1
fi
