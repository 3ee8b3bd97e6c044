# What a campaign leaves: inputs worth keeping, and crashes told apart; a part of ../gapcheck.
# shellcheck shell=sh

minimise_seconds=20 # for one crash

# ---- inputs ----

# Those that reach code which corpus/TARGET does not. Counters are left out: how often code runs
# would make a corpus of thousands.
keep_new_inputs() {
    before=$(find "$corpus" -type f | wc -l)
    folders=$work/corpus
    [ "$engine" = libfuzzer ] || folders=$work/tmp/queues
    mkdir -p "$folders"
    # shellcheck disable=SC2046
    "$program" $(libfuzzer_options) -merge=1 -use_counters=0 "$corpus" "$folders" \
        >"$work/log/merge" 2>&1 || {
        tail -n 5 "$work/log/merge" >&2
        say "the new inputs could not be merged; they are in build/fuzz/$target"
    }
    after=$(find "$corpus" -type f | wc -l)
    say "$((after - before)) new inputs in ${corpus#"$root"/}, which reach code that none did"
}

# Names that people gave stay, whatever they reach; the others (check sums, seeds) are chosen anew.
is_named() {
    printf '%s' "$1" | grep -Eqv '^[0-9a-f]{40}$'
}

fuzz_merge() {
    engine=libfuzzer
    log=$root/build/fuzz.log
    mkdir -p "$root/build" || exit 3
    install_packages "$fuzz_packages" || exit 2
    build release "$packages"
    build fuzz-libfuzzer "$fuzz_packages"
    program=$root/build/fuzz-libfuzzer/fuzz/$target
    prepare_folders
    exported=$root/build/fuzz/exported
    rm -rf "$exported" "$work/merged"
    mkdir -p "$work/merged" "$work/named" "$exported/$target"
    "$root/build/release/gapcheck" export-corpus "$exported" || exit 3
    rm -rf "$work/named" && mkdir "$work/named"
    for file in "$corpus"/*; do
        [ -f "$file" ] && is_named "$(basename "$file")" && cp "$file" "$work/named"
    done
    # shellcheck disable=SC2046
    "$program" $(libfuzzer_options) -set_cover_merge=1 -use_counters=0 "$work/merged" \
        "$work/named" "$exported/$target" "$seeds" >"$work/log/merge" 2>&1 || {
        tail -n 5 "$work/log/merge" >&2
        say "the merge failed: mend what crashes first (build/fuzz/$target/log/merge)"
        exit 1
    }
    before=$(find "$corpus" -type f | wc -l)
    for file in "$corpus"/*; do
        [ ! -f "$file" ] || is_named "$(basename "$file")" || rm "$file"
    done
    for file in "$work/merged"/*; do
        is_twin "$file" || cp "$file" "$corpus"
    done
    say "${corpus#"$root"/}: $before inputs before, $(find "$corpus" -type f | wc -l) now"
}

# Whether a named input is the same.
is_twin() {
    for named in "$work/named"/*; do
        [ -f "$named" ] && cmp -s "$named" "$1" && return 0
    done
    return 1
}

# ---- crashes ----

# What the target says to one input, and whether it minds it.
play_crash() { # file
    UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=symbolize=1 \
        ASAN_SYMBOLIZER_PATH=$(command -v llvm-symbolizer-14) \
        timeout 120 "$program" -timeout=10 -rss_limit_mb=2048 "$1" >"$work/tmp/said" 2>&1
}

# What broke, the line it broke in, and the function that called it: equal ones are one bug to look
# at, whatever way led there. What only serves others (a copy, a buffer) is no place.
signature() {
    {
        grep -ao 'broken property `.*`' "$work/tmp/said" | head -n 1
        grep -ao 'SUMMARY: [A-Za-z]*: [A-Za-z-]*' "$work/tmp/said" | head -n 1
        own_frames | grep -Ev '^(memory|buffer|arena)_' | head -n 2 | sed '2s/ .*//'
    } | tr '\n' ' '
}

# The functions of our own on the stack with file and line, the innermost first. Later stacks say
# who allocated what was broken.
own_frames() {
    awk '/^ *#0 0x/ && stacks++ { exit }
        /^ *#[0-9]+ 0x/ && $3 == "in" {
            place = $NF
            sub(/.*\//, "", place)
            print $4, match(place, /^[a-z0-9_]+[.]c:[0-9]+/) ? substr(place, 1, RLENGTH) : ""
        }' "$work/tmp/said" |
        grep -Ev '^(__|_start|main|fuzzer::|target_fail|abort|raise|gsignal|LLVMFuzzer|mem[^o]|str|\()'
}

# One file for each different crash, as small as it gets. Leaves its path in `kept`.
keep_crash() { # file
    name=$(own_frames | head -n 1 | cut -d ' ' -f 1)-$(signature | cksum | cut -d ' ' -f 1)
    kept=$work/found/${name#-}
    signature >"$work/tmp/signature"
    if [ -f "$kept" ]; then # from now, or from a campaign before something was mended
        play_crash "$kept"
        [ "$(signature)" != "$(cat "$work/tmp/signature")" ] || return 0
    fi
    cp "$1" "$kept"
    TMPDIR=$work/tmp "$program" -minimize_crash=1 -max_total_time=$minimise_seconds -timeout=10 \
        -exact_artifact_path="$work/tmp/smaller" "$1" >"$work/log/minimise" 2>&1
    [ -s "$work/tmp/smaller" ] || return 0
    play_crash "$work/tmp/smaller" # it must still be the same bug
    [ "$(signature)" != "$(cat "$work/tmp/signature")" ] || cp "$work/tmp/smaller" "$kept"
    rm -f "$work/tmp/smaller"
}

tell_crash() { # path
    path=${1#"$root"/}
    printf '\n  %s (%s bytes)\n' "$path" "$(wc -c <"$1")"
    play_crash "$1"
    grep -a 'broken property\|Assertion `\|runtime error\|ERROR: ' "$work/tmp/said" | head -n 2 |
        cut -c 1-200 | sed 's/^/    /'
    own_frames | head -n 4 | sed 's/^/    in /'
    printf '    again: ./gapcheck fuzz-target %s --replay %s\n' "$target" "$path"
    printf '    keep:  cp %s corpus/%s/A-TELLING-NAME\n' "$path" "$target"
}

tell_crashes() {
    crash_count=0
    lost_count=0
    : >"$work/tmp/told"
    for crash in "$work"/raw/*; do
        [ -f "$crash" ] || continue
        if play_crash "$crash"; then
            lost_count=$((lost_count + 1))
            continue
        fi
        crash_count=$((crash_count + 1))
        keep_crash "$crash"
        printf '%s\n' "$kept" >>"$work/tmp/told"
    done
    [ "$lost_count" = 0 ] ||
        say "crashes that could not be seen again: $lost_count; they are in build/fuzz/$target/raw"
    [ "$crash_count" -gt 0 ] || return 0
    sort -u "$work/tmp/told" >"$work/tmp/different"
    say "crashes: $crash_count, different ones: $(wc -l <"$work/tmp/different")"
    while read -r kept; do
        tell_crash "$kept"
    done <"$work/tmp/different"
}
