#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the locked dependencies if they are not there, and builds. `npm test` and `npm run demo` start here.
set -e
cd "$(dirname "$0")/.."
# npm writes this file at the end of an install; an older one than the lock means another lock was installed.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-audit --no-fund --loglevel=error
fi
PATH="$PWD/node_modules/.bin:$PATH" node scripts/build.ts
