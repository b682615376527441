#!/bin/sh
# Builds the binding.gyp in a directory: sh src-native/build.sh DIRECTORY
#
# nodedir/ replaces the headers and compiler flags of the installed Node.js, so that the build downloads nothing and
# uses the same flags on every machine. package.json calls this script because yarn installs node-gyp together with a
# package if one of the scripts of its package.json contains the word node-gyp.
set -eu
npm_config_nodedir="$(cd "$(dirname "$0")" && pwd)/nodedir" exec node-gyp configure build --jobs max --silent -C "$1"
