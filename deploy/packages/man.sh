#!/bin/sh
# Writes the manual page: what the program itself says of its flags (--help-man), with a head and the files of the packages.
#
#   deploy/packages/man.sh COMMAND VERSION > itnio_exporter.1       COMMAND runs the program, for example "go run ."
set -eu
command=$1 version=$2
cat <<EOF
.TH ITNIO_EXPORTER 1 "" "itnio_exporter $version" "User Commands"
.SH "NAME"
itnio_exporter \\- finished calls of a cloud call centre as Prometheus metrics
EOF
# Its own head has the program's whole version, in several lines.
$command --help-man | sed -n '/^\.SH "SYNOPSIS"/,$p'
cat <<'EOF'
.SH "SIGNALS"
.TP
\fBSIGHUP\fR
Load the configuration again. One with an error changes nothing.
.TP
\fBSIGTERM, SIGINT\fR
Stop, after requests in progress and 10 seconds at most.
.SH "EXIT STATUS"
0, or 1 after an error, which is printed in one line.
.SH "FILES"
.TP
\fI/etc/itnio_exporter/config.yml\fR
The configuration of the packaged service.
.TP
\fI/etc/itnio_exporter/secrets/\fR
Keys and secrets of the API, which only root reads; systemd passes them to the service.
.TP
\fI/etc/default/itnio_exporter\fR
More flags and environment variables of the service.
.TP
\fI/var/lib/itnio_exporter/ledger.db\fR
What has been counted. It has to be kept, and belongs to one process at a time.
.TP
\fI/usr/share/doc/itnio-exporter/\fR
Every key of the configuration with its default, the rules and dashboards, and the guides.
EOF
