#!/usr/bin/env bash
# Does the simulation bite? Plants each mutant of tests/simulation/mutants/ in a copy of the sources, and
# counts the seeds until one fails. Usage: mutants.sh COPY SEEDS [NAME...]; a line: name, seeds, virtual hours.
set -euo pipefail
copy=$1 seeds=$2
shift 2
patches=$(cd "$(dirname "$(realpath "$0")")/mutants" && pwd)
(($#)) || mapfile -t names < <(cd "$patches" && ls ./*.patch)
(($#)) || set -- "${names[@]}"
mkdir -p "$copy/build"
git ls-files -z | xargs -0 cp --parents -pt "$copy"
cp -a build/obj build/lib "$copy/build"
cd "$copy"
missed=0
for name; do
	name=$(basename "$name" .patch)
	patch -sp1 <"$patches/$name.patch"
	make --silent build/tests/simulation >build/mutant.log 2>&1 &&
		! build/tests/simulation --until-violation --seeds "$seeds" >build/mutant.log 2>&1 ||
		missed=1
	awk -v name="$name" '/ seeds, /{ seeds = $1; hours = $3 } / fails at /{ why = $0; sub(/^[^:]*: /, "", why) }
		END { printf "%-30s %5s %7s  %s\n", name, seeds, hours, why ? why : seeds ? "NOT FOUND" : "DOES NOT BUILD" }' build/mutant.log
	patch -sRp1 <"$patches/$name.patch"
	awk '/^\+\+\+ /{ sub(/^b\//, "", $2); print $2 }' "$patches/$name.patch" | xargs touch
done
exit "$missed"
