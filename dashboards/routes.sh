#!/bin/sh
# Checks alertmanager.yml and who is told what: amtool has to be in the PATH. What mutes what, and when, is tested by check/alertmanager_test.go.
set -eu
cd "$(dirname "$0")"
amtool check-config alertmanager.yml >/dev/null
failed=0
route() { # receiver, labels ...
  want=$1; shift
  got=$(amtool config routes test --config.file=alertmanager.yml "$@")
  [ "$got" = "$want" ] || { echo "$*: goes to $got, not to $want" >&2; failed=1; }
}
route platform-page alertname=ItnioExporterDown severity=critical team=platform
route platform-page alertname=ItnioAPIAuthenticationRefused severity=critical team=platform account=main
route platform alertname=ItnioAPIErrors severity=warning team=platform account=main
route platform alertname=SomethingElse severity=critical
route fraud-page alertname=ItnioFirstTimeCountry severity=critical team=fraud account=main country=CU
route fraud-page alertname=ItnioOutboundMinutesSurge severity=critical team=fraud account=main country=CU
route fraud alertname=ItnioWangiri severity=warning team=fraud account=main country=LV
route carrier-page alertname=ItnioNERDrop severity=critical team=carrier account=main country=IN
route carrier alertname=ItnioASRDrop severity=warning team=carrier account=main country=IN
route carrier alertname=ItnioSIPCodeBurst severity=warning team=carrier account=main country=IN code=503
route operations-page alertname=ItnioMissedIncoming severity=critical team=operations account=main agent_group=Support
route operations-page alertname=ItnioAgentGroupSilent severity=critical team=operations account=main agent_group=Support
route operations-page alertname=ItnioManyGroupsSilent severity=critical team=operations account=main
route operations-page alertname=ItnioMissedIncoming severity=critical team=operations account=main agent_group=Emergency
route operations alertname=ItnioAnswerDelay severity=warning team=operations account=main agent_group=Emergency
route operations alertname=ItnioDiallerAbandonment severity=warning team=operations account=main
# Every alert of the rules has a route of its own team.
sed -n 's/^ *- alert: //p; s/^ *labels: {severity: \(.*\), team: \(.*\)}/\1 \2/p' rules/*.yml | while read -r alert && read -r severity team; do
  receiver=$team; [ "$severity" = critical ] && receiver=$team-page
  got=$(amtool config routes test --config.file=alertmanager.yml alertname="$alert" severity="$severity" team="$team")
  [ "$got" = "$receiver" ] || { echo "$alert: goes to $got, not to $receiver" >&2; exit 1; }
done || failed=1
exit $failed
