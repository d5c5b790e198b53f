#!/bin/sh
# After an installation or an upgrade, of a deb ("configure", version before) or an rpm (number of versions).
set -e
if command -v systemd-sysusers >/dev/null; then
  systemd-sysusers itnio_exporter.conf
elif ! getent passwd itnio_exporter >/dev/null; then
  useradd --system --user-group --no-create-home --home-dir /var/lib/itnio_exporter --shell /usr/sbin/nologin itnio_exporter
fi
# The service reads its configuration, others need not.
chgrp itnio_exporter /etc/itnio_exporter/config.yml

[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
case "$1 ${2:-}" in
'configure ' | '1 ')
  echo 'itnio_exporter is installed and not started: /usr/share/doc/itnio-exporter/docs/getting-started.md says what to configure.'
  ;;
*)
  systemctl try-restart itnio_exporter.service
  ;;
esac
