#!/bin/sh
# After a removal. The ledger stays, also when a deb is purged: without it every call would be counted from nothing again.
set -e
case "$1" in
purge)
  rm -rf /etc/itnio_exporter
  ;;
esac
[ ! -d /run/systemd/system ] || systemctl daemon-reload
case "$1" in
remove | purge | 0)
  [ ! -e /var/lib/itnio_exporter/ledger.db ] || echo 'The ledger in /var/lib/itnio_exporter and its copies in /var/lib/itnio_exporter-backups are kept.'
  ;;
esac
