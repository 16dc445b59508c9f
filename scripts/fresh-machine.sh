#!/usr/bin/env bash
# The commands of the README as a newcomer runs them: a clean copy of what is committed, an empty npm cache, no PostgreSQL,
# Redis or browser within reach. Fails when the demo does, or the tests of the pages in the browser that npm has brought.
#   bash scripts/fresh-machine.sh                 as the user who calls it, with the Node that is there
#   bash scripts/fresh-machine.sh --user nobody2  as another user, who is made (needs root)
#   bash scripts/fresh-machine.sh --node 24       with another Node, from the npm registry
#   bash scripts/fresh-machine.sh --test          all of `npm test`
set -euo pipefail

user='' node_version='' tests=''
while [ $# -gt 0 ]; do
  case $1 in
    --user) user=$2; shift 2 ;;
    --node) node_version=$2; shift 2 ;;
    --test) tests=yes; shift ;;
    *) echo "unknown argument $1; see the head of $0" >&2; exit 2 ;;
  esac
done

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
git clone --quiet --no-hardlinks "$source" "$place/hive-sync"
mkdir "$place/bin" "$place/home"

# Only what a newcomer has: no psql, no initdb, no redis-server. Node and npm by their own folder.
for program in bash sh env git uname ls cat cp mkdir rm tar gzip sed grep id tty dirname readlink head cut mkfifo; do
  ln -s "$(command -v "$program")" "$place/bin/$program"
done
if [ -n "$node_version" ]; then
  npm install --silent --no-audit --no-fund --prefix "$place/node" "node@$node_version"
  ln -s "$place/node/node_modules/node/bin/node" "$place/bin/node"
else
  ln -s "$(readlink -f "$(command -v node)")" "$place/bin/node"
fi
npm_cli=$(readlink -f "$(command -v npm)")
printf '#!/bin/sh\nexec node %s "$@"\n' "$npm_cli" >"$place/bin/npm"
chmod +x "$place/bin/npm"

# Nothing of this machine's settings but the way to the registry.
settings=(PATH="$place/bin" HOME="$place/home" npm_config_cache="$place/cache")
for name in npm_config_registry NPM_CONFIG_REGISTRY npm_config_userconfig NPM_CONFIG_USERCONFIG npm_config_cafile NODE_EXTRA_CA_CERTS HTTPS_PROXY HTTP_PROXY NO_PROXY https_proxy http_proxy no_proxy; do
  if [ -n "${!name:-}" ]; then settings+=("$name=${!name}"); fi
done
registry=$(npm config get registry)
settings+=("npm_config_registry=$registry")

as=()
if [ -n "$user" ]; then
  id "$user" >/dev/null 2>&1 || useradd --no-create-home --shell /usr/sbin/nologin "$user"
  chmod 755 "$place"
  chown -R "$user" "$place"
  as=(setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups)
fi
commands='npm ci --no-audit --no-fund && npm run demo && npm test'
# Those of the pages need the most of a machine. Elsewhere than on x64 they need a browser of the system.
if [ -z "$tests" ]; then commands="$commands -- test/server/page/browser.test.ts"; fi

cd "$place/hive-sync"
echo "node $("$place/bin/node" --version), as ${user:-$(id -un)}: $commands"
before=$SECONDS
"${as[@]}" env -i "${settings[@]}" sh -c "$commands" </dev/null
echo "fresh machine: ok, $((SECONDS - before)) s"
