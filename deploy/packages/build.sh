#!/usr/bin/env bash
# Makes archives, deb, rpm, checksums and SBOMs in dist/ with goreleaser, and the Helm chart beside them. It publishes nothing. goreleaser and syft are built
# once, into the folder of the development tools, unless they are there. Versions are those that are known to work.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=${CI_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/itnio_exporter-ci}/bin
mkdir -p "$tools"

# tool FILE PACKAGE: builds FILE, which is $tools/NAME-VERSION, unless it is there.
tool() {
  local name=${2##*/}
  [ "$name" != v2 ] || { name=${2%/v2} && name=${name##*/}; }
  [ -x "$1" ] && return
  GOBIN=$tools GOFLAGS= go install "$2@${1##*-}" && mv "$tools/$name" "$1"
}
goreleaser=$tools/goreleaser-v2.15.4
syft=$tools/syft-v1.54.1
tool "$goreleaser" github.com/goreleaser/goreleaser/v2
tool "$syft" github.com/anchore/syft/cmd/syft

# goreleaser finds syft on the PATH, by that name only.
path=$(mktemp -d)
trap 'rm -rf "$path"' EXIT
ln -s "$syft" "$path/syft"
# A tagged commit has the version of its tag; any other is a snapshot of the next one.
mode=--snapshot
! git describe --tags --exact-match >/dev/null 2>&1 || mode=--skip=announce,publish
PATH=$path:$PATH "$goreleaser" release "$mode" --clean --parallelism "${PARALLELISM:-2}"
make chart
(cd dist && sha256sum -- *.tgz >>SHA256SUMS)
