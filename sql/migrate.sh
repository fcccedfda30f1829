#!/usr/bin/env bash
# Applies sql/migrations/NNN_name.sql in the order of their numbers, each once, each in one
# transaction with its record in public.schema_migration. One line for each file that it applies,
# else silent.
#
# usage: sql/migrate.sh
# env: DATABASE_URL               the database, as a role that may create roles and schemas (needed)
#      PGPASSWORD, PGPASSFILE     its password, as libpq takes it; or in the URL, user:password@
#      ORDER_SERVICE_PASSWORD     if given, the password of the role order_service from now on
#      DELIVERY_SERVICE_PASSWORD, PAGE_READER_PASSWORD  the same for delivery_service, page_reader
#      ORDER_SERVICE_PASSWORD_FILE, DELIVERY_SERVICE_PASSWORD_FILE  instead: files that hold them
# Needs bash, psql 15 or later and sha256sum; no other file but the migrations, so it works in a
# container. Several at the same time wait for each other. A file that was applied must never
# change: put the change into a new file.
set -euo pipefail

FOLDER=$(cd "$(dirname "$(realpath "$0")")/migrations" && pwd)
readonly FOLDER
# The same number for everyone who migrates this database, and for nothing else.
readonly LOCK="hashtextextended('ordering-lab migrate', 0)"

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# run_psql ARGUMENT...: psql on the database, without the user's settings, ended by the first error.
run_psql() {
	PGOPTIONS="-c client_min_messages=warning" \
		psql -X -q -A -t -v ON_ERROR_STOP=1 -v VERBOSITY=terse "$@" -d "$DATABASE_URL"
}

# hide_password: the URL's password goes to psql in its environment, since all may read its command
# line.
hide_password() {
	local password
	[[ ! $DATABASE_URL =~ (^|[?&[:space:]])password[[:space:]]*= ]] ||
		die "DATABASE_URL has password=, which psql would show to all: set PGPASSWORD or PGPASSFILE"
	[[ $DATABASE_URL =~ ^([a-z]+://[^:@/]*):([^@/]+)@(.*)$ ]] || return 0
	DATABASE_URL=${BASH_REMATCH[1]}@${BASH_REMATCH[3]} password=${BASH_REMATCH[2]//\\/\\\\}
	printf -v PGPASSWORD %b "${password//%/\\x}"
	export PGPASSWORD
}

checksum_of() { sha256sum <"$1" | cut -d ' ' -f 1; }

# list_files: fills FILES, indexed by number; dies when a name is wrong or a number comes twice.
list_files() {
	local file name number
	for file in "$FOLDER"/*.sql; do
		name=${file##*/}
		[[ $name =~ ^([0-9]{3})_[a-z0-9_]+\.sql$ ]] || die "$file: the name must be NNN_name.sql"
		number=$((10#${BASH_REMATCH[1]}))
		[[ -z ${FILES[$number]-} ]] || die "$file: number $number is taken by ${FILES[$number]##*/}"
		FILES[number]=$file
	done
}

# check_recorded: reads what is applied; dies when a file has changed since, or is not there any
# more.
check_recorded() {
	local rows number name sum
	rows=$(run_psql 2>&1 -c "
		select pg_advisory_xact_lock($LOCK);
		create table if not exists public.schema_migration (
			number int primary key,
			name text not null,
			checksum text not null,
			applied_at timestamptz not null default now());
		select number, name, checksum from public.schema_migration order by number") ||
		die "the database of DATABASE_URL cannot be migrated: ${rows%%$'\n'*}"
	while IFS='|' read -r number name sum; do
		[[ -n $number ]] || continue
		[[ -n ${FILES[$number]-} ]] ||
			die "$FOLDER has no file for the applied migration $name:" \
				"the database is newer than this folder"
		[[ $sum == "$(checksum_of "${FILES[$number]}")" ]] ||
			die "${FILES[$number]} has changed since it was applied:" \
				"restore it and put the change into a new file"
		APPLIED[number]=1
	done <<<"$rows"
}

# script_for NUMBER: prints the psql script that applies the file, unless another migrate.sh just
# did.
script_for() {
	local file=${FILES[$1]} name=${FILES[$1]##*/}
	cat <<-END
		begin;
		select pg_advisory_xact_lock($LOCK) \g /dev/null
		select not exists (select from public.schema_migration where number = $1) as pending \gset
		\if :pending
		\i '${file//\'/\'\'}'
		insert into public.schema_migration (number, name, checksum)
			values ($1, '${name%.sql}', '$(checksum_of "$file")');
		\endif
		commit;
		\if :pending
		\echo migration ${name%.sql} applied
		\endif
	END
}

# apply_pending: one psql for all files that are not recorded. The first error ends it; the files
# before it stay applied.
apply_pending() {
	local number script=
	for number in "${!FILES[@]}"; do
		[[ -n ${APPLIED[$number]-} ]] || script+=$(script_for "$number")$'\n'
	done
	[[ -n $script ]] || return 0
	run_psql -f - <<<"$script" ||
		die "the migration above failed and left nothing behind: correct it and try again"
}

# read_password VARNAME: takes the password from the file that VARNAME_FILE names, if it does.
read_password() {
	local file=$1_FILE
	[[ -n ${!file-} ]] || return 0
	[[ -r ${!file} ]] || die "$file=${!file} cannot be read by $(id -un)"
	export "$1=$(<"${!file}")"
}

# set_passwords: gives the services' roles the passwords from the environment. They go to the server
# in no command line and no file.
set_passwords() {
	local role name
	for role in order_service delivery_service page_reader; do
		name=${role^^}_PASSWORD
		read_password "$name"
		[[ -n ${!name-} ]] || continue
		run_psql -v role="$role" -f - <<<"\\getenv password $name
			alter role :role password :'password';" ||
			die "the passwords of the services' roles could not be set"
	done
}

[[ -n ${DATABASE_URL-} ]] ||
	die "DATABASE_URL is not set: e.g. postgresql://lab@127.0.0.1:15432/lab"
declare -a FILES=() APPLIED=()
hide_password
list_files
check_recorded
apply_pending
set_passwords
