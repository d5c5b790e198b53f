#!/bin/sh
# Starts the exporter's demo with a real Prometheus and Alertmanager on this machine, without containers. A minute after the start an
# incident begins (simulator/incident.go); within ten minutes alerts fire.
#
#   dashboards/try.sh            until Ctrl-C; data are kept in a temporary folder and removed
#
# Prometheus 3 and Alertmanager are taken from $TOOLS, else from the PATH, else built from their modules (about five
# minutes, once). Everything listens on 127.0.0.1: exporter $EXPORTER_PORT, Prometheus $PROMETHEUS_PORT, Alertmanager $ALERTMANAGER_PORT.
set -eu
cd "$(dirname "$0")/.."
EXPORTER_PORT=${EXPORTER_PORT:-10198} PROMETHEUS_PORT=${PROMETHEUS_PORT:-9090} ALERTMANAGER_PORT=${ALERTMANAGER_PORT:-9093}
TOOLS=${TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/itnio_exporter}
PATH="$TOOLS:$PATH"

tool() { # name, package@version, flags: builds what is not there
  command -v "$1" >/dev/null || { echo "building $1 ..." >&2; mkdir -p "$TOOLS"; GOBIN="$TOOLS" GOFLAGS="${3:-}" go install "$2"; }
}
tool prometheus github.com/prometheus/prometheus/cmd/prometheus@v0.316.0 -tags=remove_all_sd,netgo
tool alertmanager github.com/prometheus/alertmanager/cmd/alertmanager@v0.31.1

dir=$(mktemp -d)
pids=
trap '[ -z "$pids" ] || kill $pids 2>/dev/null || :; wait; rm -rf "$dir"' EXIT
trap 'exit 0' INT TERM
go build -o "$dir/itnio_exporter" .
mkdir "$dir/rules"
# Alerts that compare with the past wait for a week of it. Here they take what was before the incident for the past, which has no busiest
# hour that minutes could be twice of, so a surge is what no country of the demo reaches without fraud.
for file in dashboards/rules/*.yml; do
  sed -e '/record: account:itnio_threshold:learning_seconds$/{n;s/604800/60/;}' \
    -e '/record: account:itnio_threshold:surge_min_minutes$/{n;s/120/1500/;}' "$file" > "$dir/rules/$(basename "$file")"
done
sed -e "s/'exporter:10198'/'127.0.0.1:$EXPORTER_PORT'/" -e "s/'alertmanager:9093'/'127.0.0.1:$ALERTMANAGER_PORT'/" dashboards/prometheus.yml > "$dir/prometheus.yml"

"$dir/itnio_exporter" --demo --web.listen-address="127.0.0.1:$EXPORTER_PORT" --log.level=warn & pids="$pids $!"
# The history is read before Prometheus looks, as after downtime alerts wait until all is counted. Without curl this takes its whole time.
for _ in $(seq 20); do curl -fs -o /dev/null "http://127.0.0.1:$EXPORTER_PORT/-/ready" && break; sleep 1; done
alertmanager --config.file=dashboards/alertmanager.yml --storage.path="$dir/alertmanager" --cluster.listen-address= \
  --web.listen-address="127.0.0.1:$ALERTMANAGER_PORT" --log.level=warn & pids="$pids $!"
prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/prometheus" --storage.tsdb.retention.time=40d \
  --web.listen-address="127.0.0.1:$PROMETHEUS_PORT" --web.enable-lifecycle --log.level=warn & pids="$pids $!"
# A Prometheus built by "go install" has no pages of its own, so these are addresses of the API.
echo "Metrics:        http://127.0.0.1:$EXPORTER_PORT/metrics"
echo "Alerts:         http://127.0.0.1:$PROMETHEUS_PORT/api/v1/alerts"
echo "Notifications:  http://127.0.0.1:$ALERTMANAGER_PORT/api/v2/alerts"
echo "Dashboards:     import dashboards/*.json into a Grafana whose data source is http://127.0.0.1:$PROMETHEUS_PORT. Ctrl-C ends it all."
while sleep 2; do # until one of them ends, which says why itself
  for pid in $pids; do kill -0 "$pid" 2>/dev/null || { echo "one of them has ended; see above" >&2; exit 1; }; done
done
