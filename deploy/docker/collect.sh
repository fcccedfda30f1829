#!/usr/bin/env bash
# Collects what programs need to run into a folder that becomes the root of an image: the programs,
# the shared libraries they load, certificates and the few files that the C library looks for.
#
# usage: deploy/docker/collect.sh ROOT PROGRAM...
# Runs within the build stage of the Dockerfile, on Debian. The records of the Debian packages that
# the files come from go to ROOT/var/lib/dpkg/status.d, where scanners look for them.
set -euo pipefail

# die TEXT...: one line to stderr; exit 1.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# libraries PROGRAM...: prints the paths of the libraries that they load, the loader too.
libraries() {
	local output
	output=$(ldd "$@")
	[[ $output != *'not found'* ]] || die "$(grep 'not found' <<<"$output")"
	awk '$2 == "=>" { print $3 } $1 ~ /^\// && NF == 2 { print $1 }' <<<"$output" | sort -u
}

# take FILE: copies a file of this system to the same place below the root, and notes its package.
take() {
	local package
	install -D -m "$(stat -L -c %a "$1")" "$1" "$ROOT$1"
	# dpkg knows the file by the name that the package gave it, before /lib became a link.
	package=$(dpkg-query -S "$(realpath "$1")" 2>/dev/null || dpkg-query -S "${1#/usr}") ||
		die "$1 is of no Debian package"
	package=${package%%:*}
	mkdir -p "$ROOT/var/lib/dpkg/status.d"
	dpkg-query -s "$package" >"$ROOT/var/lib/dpkg/status.d/$package"
}

(($# >= 2)) || die "usage: deploy/docker/collect.sh ROOT PROGRAM..."
ROOT=$1
shift
for program; do
	install -D -s -m 755 "$program" "$ROOT/usr/bin/${program##*/}"
done
mapfile -t files < <(libraries "$@")
for file in "${files[@]}"; do
	take "$file"
done
install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$ROOT/etc/ssl/certs/ca-certificates.crt"
dpkg-query -s ca-certificates >"$ROOT/var/lib/dpkg/status.d/ca-certificates"
printf 'lab:x:10001:10001::/:/nonexistent\n' >"$ROOT/etc/passwd"
printf 'hosts: files dns\n' >"$ROOT/etc/nsswitch.conf"
mkdir -m 1777 "$ROOT/tmp"
