#!/bin/sh
# Before a deb is removed ("remove"; "upgrade" otherwise) or an rpm's last version (0).
set -e
case "$1" in
remove | 0)
  [ ! -d /run/systemd/system ] || systemctl disable --now itnio_exporter-backup.timer itnio_exporter.service
  ;;
esac
