#!/bin/sh
# Takes the pictures in docs/img anew: simulator.StagedIncident on top of a week of calls, and exporter health of a demo that has run for twelve minutes.
#
#   dashboards/pictures.sh [folder]        about a quarter of an hour
#
# Needs go, npm, chromium (CHROMIUM, by default /usr/bin/chromium) and prometheus (in $TOOLS or the PATH; dashboards/try.sh builds it there);
# with pngquant the pictures are a third of the size.
# Other pictures: CALLS a day (24000), SCENE=night for a fraud night in place of the staged incident, and what harness/shot.mjs takes: SIZES (wide),
# THEMES (dark), VISION (deuteranopia).
set -eu
cd "$(dirname "$0")"
out=$(mkdir -p "${1:-../docs/img}" && cd "${1:-../docs/img}" && pwd)
export TOOLS="${TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/itnio_exporter}" SIZES="${SIZES:-wide}" THEMES="${THEMES:-dark}"
PATH="$TOOLS:$PATH"
PROMETHEUS_PORT=14190 PORT=14180

dir=$(mktemp -d)
pids=
stop() { [ -z "$pids" ] || kill $pids 2>/dev/null || :; wait; pids=; }
trap 'stop; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

(cd harness && npm ci --silent --legacy-peer-deps --ignore-scripts && npx vite build --logLevel error)
EXPORTER_PORT=14198 PROMETHEUS_PORT=14191 ALERTMANAGER_PORT=14193 ./try.sh >"$dir/demo.log" 2>&1 & demo=$! began=$(date +%s)
pids=$demo
(cd check && PICTURES="$dir/data" go test -run TestPictures -timeout 1h .)
echo 'global: {}' >"$dir/prometheus.yml"
prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/data" --storage.tsdb.retention.time=10y \
  --web.listen-address="127.0.0.1:$PROMETHEUS_PORT" --log.level=error & pids="$pids $!"

shoot() { # Prometheus's port, from, to (Unix seconds), scrape interval, dashboards ...
  (cd harness && PORT=$PORT PROMETHEUS="http://127.0.0.1:$1" exec node_modules/.bin/vite preview --logLevel error) & page=$!
  pids="$pids $page"
  sleep 5
  (from=$2 to=$3 scrape=$4; shift 4; cd harness; PORT=$PORT FROM=${from}000 TO=${to}000 SCRAPE=$scrape node shot.mjs "$dir/shots" "$@")
  kill "$page"
}
end=1768199400 # incidentEnd in check/pictures_test.go: 2026-01-12 06:30 UTC
[ "${SCENE:-}" != night ] || end=1768165200 # 2026-01-11 21:00 UTC
shoot $PROMETHEUS_PORT $((end - 6 * 3600)) $end 60 overview agent-groups countries
while [ $(($(date +%s) - began)) -lt 720 ]; do sleep 5; kill -0 $demo; done
shoot 14191 $((began + 30)) "$(date +%s)" 5 exporter
if command -v pngquant >/dev/null; then pngquant --force --ext .png --quality 70-95 "$dir"/shots/*.png; fi
for file in "$dir"/shots/*.png; do
  name=$(basename "$file")
  [ "$SIZES $THEMES" = "wide dark" ] && name=${name%-dark-wide.png}.png
  cp "$file" "$out/$name"
done
