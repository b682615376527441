#!/bin/sh
# sh src-native/build.sh DIRECTORY: builds the binding.gyp in that directory with the flags of every machine (nodedir/), and
# downloads nothing. A script of package.json must not name node-gyp itself: yarn would install node-gyp with the package.
set -eu
npm_config_nodedir="$(cd "$(dirname "$0")" && pwd)/nodedir" exec node-gyp configure build --jobs max --silent -C "$1"
