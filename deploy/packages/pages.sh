#!/bin/sh
# Copies the pages into a folder, for archives and packages. Links to what only the repository has become plain text.
#
#   deploy/packages/pages.sh FOLDER
set -eu
mkdir -p "$1/docs"
for page in README.md SECURITY.md docs/*.md; do
  sed -E 's,\[([^]]*)\]\((\.\./)?(CONTRIBUTING\.md|dashboards/src|deploy/helm|simulator)[^)]*\),\1,g' "$page" >"$1/$page"
done
