#!/usr/bin/env bash
# Makes the passwords that an installation does not have yet: random, each in a file that only its
# user can read. They are in no image, no environment and no log, and live as long as the data they protect.
#
# usage: deploy/docker/secrets.sh FOLDER
#   lab.password, order-service.password, delivery-service.password, page-reader.password  for
#     PostgreSQL and migrations
#   order-service.pgpass, delivery-service.pgpass, page.pgpass, tools.pgpass, lab.pgpass  as libpq's
#     PGPASSFILE
# Runs as root in a container of the image migrate; a second run changes nothing.
set -euo pipefail

# The users of the images: see the Dockerfile.
readonly ORDER_SERVICE=10001 DELIVERY_SERVICE=10002 TOOLS=10003 PAGE=10004

random_password() { od -A n -N 16 -t x1 /dev/urandom | tr -d ' \n'; }

# keep NAME USER: writes standard input to the file, which is the user's alone.
keep() {
	cat >"$FOLDER/.new"
	chmod 400 "$FOLDER/.new"
	chown "$2" "$FOLDER/.new"
	mv -f "$FOLDER/.new" "$FOLDER/$1"
}

# password ROLE PASSFILE=USER...: a password for the role, unless it has one. Each user has it as a
# passfile, PostgreSQL and the migrations bare; that file comes last, and says that all are there.
password() {
	local role=$1 password passfile
	[[ ! -e $FOLDER/${role//_/-}.password ]] || return 0
	password=$(random_password)
	for passfile in "${@:2}"; do
		printf '*:*:*:%s:%s\n' "$role" "$password" |
			keep "${passfile%=*}.pgpass" "${passfile#*=}"
	done
	printf '%s' "$password" | keep "${role//_/-}.password" postgres
	echo "password of $role made"
}

FOLDER=${1:?usage: deploy/docker/secrets.sh FOLDER}
password lab lab=postgres "tools=$TOOLS"
password order_service "order-service=$ORDER_SERVICE"
password delivery_service "delivery-service=$DELIVERY_SERVICE"
password page_reader "page=$PAGE"
