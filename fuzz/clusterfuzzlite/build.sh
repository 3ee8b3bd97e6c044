#!/bin/bash -eu
# Builds every fuzz target with CC, CXX, CFLAGS, CXXFLAGS and LIB_FUZZING_ENGINE into OUT, with its
# seeds, dictionary and options. SRC and WORK are those of OSS-Fuzz; without them it works on the
# source tree that it stands in.
root=${SRC:+$SRC/gapcheck}
root=${root:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
work=${WORK:-$(mktemp -d)}
jobs=$(nproc)

# Programs must run on other machines: of libraries only libc is there. Where there are no sources
# of cJSON, the system's library is linked. It is one file: its own build, which asks for a CMake
# that is gone from newer images and turns warnings into errors, is not needed.
if [ -d "${SRC:-/nowhere}/cjson" ]; then
    prefix=$work/prefix
    mkdir -p "$prefix/lib/pkgconfig" "$prefix/include/cjson"
    # shellcheck disable=SC2086
    $CC $CFLAGS -c "$SRC/cjson/cJSON.c" -o "$work/cJSON.o"
    ar rcs "$prefix/lib/libcjson.a" "$work/cJSON.o"
    cp "$SRC/cjson/cJSON.h" "$prefix/include/cjson"
    version=$(sed -n 's/^#define CJSON_VERSION_[A-Z]* //p' "$SRC/cjson/cJSON.h" | paste -sd .)
    printf '%s\n' "Name: libcjson" "Description: cJSON" "Version: $version" \
        "Cflags: -I$prefix/include" "Libs: -L$prefix/lib -lcjson" >"$prefix/lib/pkgconfig/libcjson.pc"
    export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
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
    frame | scenario | driver_line | transcript | hostile_client) # reads_json of campaign.sh
        cp "$root/fuzz/json.dict" "$OUT/$name.dict"
        ;;
    esac
done
