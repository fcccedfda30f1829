#!/usr/bin/env bash
# Every exported name carries its file's prefix: what x/y/foo.c exports begins with foo_ (a function
# of a module of one has the name of its file), or begins as tests/lint/prefixes.txt allows.
# Prints each breach; exit 1 if any. Needs a build.
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$(realpath "$0")")/../.."

objects=${BUILD_DIR:-build}/obj
find "$objects"/{common,order-service,delivery-service,tools} -name '*.o' | sort | xargs nm -A --defined-only --extern-only |
	awk -v objects="$objects/" '
		NR == FNR {
			if ($0 ~ /^[^#]/)
				allowed[$1] = $0
			next
		}
		{
			file = substr($1, length(objects) + 1)
			sub(/\.o:.*/, ".c", file)
			if (system_has[file] == "")
				system_has[file] = (getline line <file) > 0 ? "yes" : "no"
			name = $NF
			stem = file
			sub(/.*\//, "", stem)
			sub(/\.c$/, "", stem)
			if (system_has[file] == "no" || name == "main" || (name == stem && stem ~ "_") || index(name, stem "_") == 1)
				next
			folder = file
			sub(/\/[^\/]*$/, "", folder)
			count = split(allowed[file] " " allowed[folder], begin, " ")
			for (i = 1; i <= count; i++)
				if (index(name, begin[i]) == 1)
					next
			print file ": exports " name ", which does not begin with " stem "_"
			breaches++
		}
		END { exit breaches > 0 }' tests/lint/prefixes.txt - >&2
