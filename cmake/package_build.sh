#!/bin/sh
# Builds a release and its Debian package: SOURCE, FOLDER to build in, and what more cmake is told.
# The package lands in FOLDER/package. A fixture of the tests of what is installed.
set -eu

source=$1
folder=$2
shift 2

rm -rf "$folder/package"
cmake -S "$source" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DGAPCHECK_TESTS=OFF \
    -DGAPCHECK_SANITIZE=OFF "$@"
ninja -C "$folder"
cd "$folder"
cpack -B "$folder/package"
ls "$folder"/package/gapcheck_*.deb
