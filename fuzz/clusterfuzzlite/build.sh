#!/bin/bash -eu
# Builds every fuzz target with CC, CXX, CFLAGS, CXXFLAGS and LIB_FUZZING_ENGINE into OUT, with its
# seeds, dictionary and options. SRC and WORK are those of OSS-Fuzz; without them it works on the
# source tree that it stands in.
root=${SRC:+$SRC/gapcheck}
root=${root:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
work=${WORK:-$(mktemp -d)}
jobs=$(nproc)

# Programs must run on other machines: of libraries only libc is there. Where there are no sources
# of cJSON, the system's library is linked.
if [ -d "${SRC:-/nowhere}/cjson" ]; then
    cmake -S "$SRC/cjson" -B "$work/cjson" -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="$CFLAGS" \
        -DCMAKE_INSTALL_PREFIX="$work/prefix" -DCMAKE_INSTALL_LIBDIR=lib \
        -DBUILD_SHARED_LIBS=OFF -DENABLE_CJSON_TEST=OFF -DENABLE_CJSON_UTILS=OFF
    cmake --build "$work/cjson" --parallel "$jobs" --target install
    export PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig
fi

cmake -S "$root" -B "$work/gapcheck" -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" \
    -DCMAKE_C_FLAGS="$CFLAGS" -DCMAKE_CXX_FLAGS="${CXXFLAGS-}" -DGAPCHECK_FUZZ_CXX=ON \
    -DGAPCHECK_FUZZ_ENGINE="$LIB_FUZZING_ENGINE"
cmake --build "$work/gapcheck" --parallel "$jobs"

for source in "$root"/fuzz/*.c; do
    name=$(basename "$source" .c)
    cp "$work/gapcheck/fuzz/$name" "$OUT"
    cp "$root/fuzz/$name.options" "$OUT"
    zip -q -j -r "$OUT/${name}_seed_corpus.zip" "$root/corpus/$name"
    case $name in
    frame | scenario | driver_line | transcript | hostile_client)
        cp "$root/fuzz/json.dict" "$OUT/$name.dict"
        ;;
    esac
done
