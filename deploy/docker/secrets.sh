#!/usr/bin/env bash
# Makes the passwords of a new installation, once: random, each in a file that only its user can
# read. They are in no image, no environment and no log, and live as long as the data they protect.
#
# usage: deploy/docker/secrets.sh FOLDER
#   lab.password, order-service.password, delivery-service.password  for PostgreSQL and migrations
#   order-service.pgpass, delivery-service.pgpass, tools.pgpass, lab.pgpass  as libpq's PGPASSFILE
# Runs as root in a container of the image migrate; a second run changes nothing.
set -euo pipefail

# The users of the images: see the Dockerfile.
readonly ORDER_SERVICE=10001 DELIVERY_SERVICE=10002 TOOLS=10003

random_password() { od -A n -N 16 -t x1 /dev/urandom | tr -d ' \n'; }

# keep NAME USER: writes standard input to the file, which is the user's alone.
keep() {
	cat >"$FOLDER/.new"
	chmod 400 "$FOLDER/.new"
	chown "$2" "$FOLDER/.new"
	mv -f "$FOLDER/.new" "$FOLDER/$1"
}

# password ROLE PASSFILE=USER...: a new password for the role. PostgreSQL and the migrations have it
# bare, each user as a passfile.
password() {
	local role=$1 password passfile
	password=$(random_password)
	printf '%s' "$password" | keep "${role//_/-}.password" postgres
	for passfile in "${@:2}"; do
		printf '*:*:*:%s:%s\n' "$role" "$password" |
			keep "${passfile%=*}.pgpass" "${passfile#*=}"
	done
}

FOLDER=${1:?usage: deploy/docker/secrets.sh FOLDER}
[[ ! -e $FOLDER/made ]] || exit 0
password lab lab=postgres "tools=$TOOLS"
password order_service "order-service=$ORDER_SERVICE"
password delivery_service "delivery-service=$DELIVERY_SERVICE"
: >"$FOLDER/made"
echo "passwords made"
