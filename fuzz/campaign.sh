# Campaigns of the fuzz targets; a part of ../gapcheck, which has loaded it. Needs no terminal and
# runs in containers.
# shellcheck shell=sh

fuzz_packages="clang-14 libclang-rt-14-dev llvm-14 pkg-config cmake ninja-build gcc libc6-dev
libcjson-dev libssl-dev"
afl_packages="afl++ llvm lld-14"

input_bytes_max=65536 # TARGET_INPUT_BYTES_MAX of fuzz/support/target.h
crashes_max=50        # a worker that has met so many looks no further
progress_seconds=30   # between two times that inputs are brought home, and two lines of progress

# ---- what is asked for ----

fuzz_targets() {
    for source in "$root"/fuzz/*.c; do
        basename "$source" .c
    done
}

fuzz_help() {
    cat <<END
Usage: gapcheck fuzz-target TARGET [options]
       gapcheck fuzz-target TARGET --replay FILE…
       gapcheck fuzz-target TARGET --merge

Fuzzes a part of the harness itself. Targets: $(fuzz_targets | tr '\n' ' ')

Options:
  --engine ENGINE  libfuzzer (default) or afl
  --time TIME      as in 90s, 10m (default), 2h
  --jobs N         processes at once (default: one a processor)
  --sync DIR       a folder that several machines work on together
  --corpus DIR     instead of corpus/TARGET
  --replay FILE…   plays inputs to the target, built with a plain compiler
  --merge          makes corpus/TARGET as small as it can be with the same reach
  --help           tells this

Exit codes: 0 nothing was found, 1 something was, 2 usage or a failed build, 3 inconclusive
(interrupted, the engine gave up, or the sync folder went away).
END
}

fuzz_refuse() {
    say "$1"
    say "\`gapcheck fuzz-target --help\` tells what it takes"
    exit 2
}

# Seconds of "90", "90s", "10m" or "2h"; nothing for what is no time.
seconds_of() {
    number=${1%[smh]}
    case $number in
    '' | *[!0-9]* | ???????*) return ;;
    esac
    case $1 in
    *m) number=$((number * 60)) ;;
    *h) number=$((number * 3600)) ;;
    esac
    [ "$number" -gt 0 ] && printf '%s' "$number"
}

take_option() { # name value
    case $1 in
    --engine)
        engine=$2
        [ "$2" = libfuzzer ] || [ "$2" = afl ] ||
            fuzz_refuse "there is no engine \`$2\`; there are libfuzzer and afl"
        ;;
    --time)
        seconds=$(seconds_of "$2")
        [ -n "$seconds" ] || fuzz_refuse "--time takes a time as in 90s, 10m or 2h, not \`$2\`"
        ;;
    --jobs)
        jobs=$2
        case $2 in
        '' | *[!0-9]* | 0* | ????*) fuzz_refuse "--jobs takes a number from 1 to 999, not \`$2\`" ;;
        esac
        ;;
    --sync)
        sync=$2
        [ -n "$2" ] || fuzz_refuse "--sync takes a folder"
        ;;
    --corpus)
        corpus=$2
        [ -d "$2" ] || fuzz_refuse "there is no folder \`$2\` for --corpus"
        ;;
    esac
}

parse_campaign() {
    target='' engine=libfuzzer seconds=600 sync='' corpus='' mode=fuzz
    jobs=$(nproc 2>/dev/null || echo 1)
    while [ $# -gt 0 ]; do
        case $1 in
        --help)
            fuzz_help
            exit 0
            ;;
        --engine=* | --time=* | --jobs=* | --sync=* | --corpus=*)
            take_option "${1%%=*}" "${1#*=}"
            ;;
        --engine | --time | --jobs | --sync | --corpus)
            [ $# -ge 2 ] || fuzz_refuse "$1 wants a value"
            take_option "$1" "$2"
            shift
            ;;
        --merge) mode=merge ;;
        --replay)
            mode=replay
            shift
            break
            ;;
        -*) fuzz_refuse "there is no option \`$1\`" ;;
        *)
            [ -z "$target" ] || fuzz_refuse "one target at a time, not \`$target\` and \`$1\`"
            target=$1
            ;;
        esac
        shift
    done
    replay_count=$#
    [ -n "$target" ] || fuzz_refuse "which target? There are $(fuzz_targets | tr '\n' ' ')"
    fuzz_targets | grep -qxF -- "$target" ||
        fuzz_refuse "there is no target \`$target\`; there are $(fuzz_targets | tr '\n' ' ')"
    [ "$mode" != replay ] || [ "$replay_count" -gt 0 ] || fuzz_refuse "--replay wants a file"
}

# ---- folders ----

# Everything of a campaign lies below build/fuzz/TARGET: `corpus` is what engines found worth
# keeping, `raw` what crashed, `found` one small input for each different crash.
prepare_folders() {
    corpus=${corpus:-$root/corpus/$target}
    work=$root/build/fuzz/$target
    seeds=$work/seeds
    mkdir -p "$work" || exit 3
    exec 8>"$work/lock"
    flock -n 8 || {
        say "a campaign of $target is running here; other machines join it by --sync"
        exit 3
    }
    rm -rf "$seeds" "$work/tmp" "$work/log" "$work/raw"
    mkdir -p "$seeds" "$work/tmp" "$work/log" "$work/raw" "$work/found" "$work/corpus" \
        "$corpus" || exit 3
    find "$corpus" -type f -size +"${input_bytes_max}"c | while read -r large; do
        say "$large is longer than $input_bytes_max bytes: no target takes it, it is left out"
    done
    for folder in "$corpus" "$work/corpus"; do # names are check sums: equal ones are equal
        find "$folder" -type f ! -size +"${input_bytes_max}"c -exec cp -n -t "$seeds" {} +
    done
    seed_count=$(find "$seeds" -type f | wc -l)
    start="what earlier campaigns found here"
    [ "$seed_count" -gt 0 ] || start=nothing
    [ -n "$(find "$corpus" -type f -print -quit)" ] || say "$corpus is empty: starting from $start"
    shared=$work/shared
    if [ -n "$sync" ]; then
        shared=$sync/$target-$engine
    else
        rm -rf "$shared"
    fi
    mkdir -p "$shared" || {
        say "the folder $shared cannot be made"
        exit 3
    }
}

# What reads JSON gets a dictionary; where all of it is JSON, a mutator that knows it, too
# (cmake/fuzz.cmake).
is_json() {
    case $target in
    frame | scenario | driver_line | transcript) return 0 ;;
    esac
    return 1
}

reads_json() {
    is_json || [ "$target" = hostile_client ]
}

# ---- libFuzzer ----

# "key = value" of the options file, as ClusterFuzz reads it, as arguments.
libfuzzer_options() {
    sed -n 's/^\([a-z_]*\) *= *\(.*\)$/-\1=\2/p' "$root/fuzz/$target.options"
    ! reads_json || printf '%s\n' "-dict=$root/fuzz/json.dict"
}

# A seed that crashes would be met again first, each time, and hide what is behind it.
forget_crashing_seeds() {
    for crash in "$work"/raw/*; do
        [ ! -f "$crash" ] ||
            find "$seeds" -type f -size "$(wc -c <"$crash")c" -exec cmp -s {} "$crash" \; -delete
    done
}

# One process, started again after each crash until the time is over.
libfuzzer_worker() {
    count=0
    child=''
    trap 'kill -INT $child 2>/dev/null; exit' TERM INT
    while left=$((end - $(date +%s))) && [ "$left" -gt 0 ] && [ $count -lt $crashes_max ]; do
        # shellcheck disable=SC2046
        TMPDIR=$work/tmp "$program" $(libfuzzer_options) -max_total_time=$left -reload=1 \
            -artifact_prefix="$work/raw/" "$shared" "$seeds" >>"$work/log/$1" 2>&1 &
        child=$!
        wait $child && break
        count=$((count + 1))
        forget_crashing_seeds
    done
}

start_libfuzzer() {
    for job in $(seq "$jobs"); do
        libfuzzer_worker "$job" &
        pids="$pids $!"
    done
}

# "runs runs/s edges inputs" of all workers: the last line of each that tells them.
measure_libfuzzer() {
    for log_file in "$work"/log/*; do
        grep -a '^#[0-9].* cov: ' "$log_file" 2>/dev/null | tail -n 1
    done | awk '{
            runs += substr($1, 2)
            for (i = 1; i < NF; i++) {
                if ($i == "cov:" && $(i + 1) + 0 > edges) edges = $(i + 1) + 0
                if ($i == "exec/s:") speed += $(i + 1)
            }
        }
        END { printf "%d %d %d ", runs, speed, edges }'
    find "$shared" -type f 2>/dev/null | wc -l
}

# ---- AFL++ ----

# Names of at most 32 characters that no other machine has. The first is a main instance: it alone
# does what is deterministic.
afl_name() { # number
    machine=$(uname -n | tr -c 'A-Za-z0-9\n' - | cut -c 1-20)
    [ "$1" = 1 ] && printf 'main-%s' "$machine" || printf 's%s-%s' "$1" "$machine"
}

# AFL++ takes no notice of a mutator that is linked in: it loads this one.
build_afl_mutator() {
    mutator=
    is_json || return 0
    mutator=$work/mutator.so
    gcc -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -shared -fPIC -I "$root/harness" \
        "$root/fuzz/support/mutator.c" "$root/fuzz/support/mutator_json.c" \
        "$root/fuzz/support/mutator_scenario.c" "$root/fuzz/support/mutator_fields.c" \
        "$root/fuzz/support/mutator_afl.c" "$root/harness/core/scenario_fields.c" -lcjson \
        -o "$mutator" >"$log" 2>&1 && return 0
    cat "$log" >&2
    say "the mutator could not be built"
    exit 2
}

# No terminal, no fixed processor, no tuned kernel: what containers do not let it have. Crashes are
# seen all the same, since the target is built with AddressSanitizer and aborts.
afl_environment() {
    unset ASAN_OPTIONS UBSAN_OPTIONS
    export AFL_NO_UI=1 AFL_TRY_AFFINITY=1 AFL_SKIP_CPUFREQ=1 AFL_AUTORESUME=1 AFL_SYNC_TIME=1
    export AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
    [ -z "$mutator" ] || export AFL_CUSTOM_MUTATOR_LIBRARY="$mutator"
}

start_afl() {
    afl_program=$root/build/fuzz-afl/fuzz/$target
    [ "$seed_count" -gt 0 ] || printf '\n' >"$seeds/nothing" # it wants one
    dictionary=
    ! reads_json || dictionary="-x $root/fuzz/json.dict"
    for job in $(seq "$jobs"); do
        role=-S
        [ "$job" != 1 ] || role=-M
        (
            afl_environment
            # shellcheck disable=SC2086
            exec afl-fuzz -i "$seeds" -o "$shared" $role "$(afl_name "$job")" -V "$seconds" \
                -t 5000+ -m none -G $input_bytes_max $dictionary -- "$afl_program"
        ) >"$work/log/$job" 2>&1 &
        pids="$pids $!"
    done
}

measure_afl() {
    cat "$shared"/*/fuzzer_stats 2>/dev/null | awk '
        $1 == "run_time" { seconds = $3 }
        $1 == "execs_done" { runs += $3; if (seconds > 0) speed += $3 / seconds }
        $1 == "edges_found" && $3 > edges { edges = $3 }
        $1 == "corpus_count" { inputs += $3 }
        END { printf "%d %d %d %d", runs, speed, edges, inputs }'
}

# ---- the course of a campaign ----

stop_engine() {
    # shellcheck disable=SC2086
    kill $pids 2>/dev/null
    # shellcheck disable=SC2086
    wait $pids 2>/dev/null
}

is_running() {
    for pid in $pids; do
        kill -0 "$pid" 2>/dev/null && return 0
    done
    return 1
}

# Brings home what the engine has found: the sync folder may go away at any time.
save_findings() {
    for crash in "$shared"/*/crashes/id* "$shared"/*/hangs/id*; do
        [ -f "$crash" ] || continue
        name=$(printf '%s' "${crash#"$shared"/}" | tr -c 'A-Za-z0-9._\n-' -)
        [ -f "$work/raw/$name" ] || cp "$crash" "$work/raw/$name" 2>/dev/null
    done
    [ "$1" = all ] || return 0
    if [ "$engine" = libfuzzer ]; then
        find "$shared" -type f -exec cp -n -t "$work/corpus" {} + 2>/dev/null
        return 0
    fi
    for instance in "$shared"/*/queue; do # each counts its inputs by itself
        copy=$work/tmp/queues/$(basename "$(dirname "$instance")")
        mkdir -p "$copy" && find "$instance" -type f -exec cp -n -t "$copy" {} + 2>/dev/null
    done
}

progress_line() {
    measured=$("measure_$engine")
    # shellcheck disable=SC2086
    set -- $measured
    crashes=$(find "$work/raw" -type f | wc -l)
    printf '%s: %s of %s s, %s runs, %s/s, %s edges, %s inputs, %s crashes' "$target" \
        "$elapsed" "$seconds" "${1:-0}" "${2:-0}" "${3:-0}" "${4:-0}" "$crashes"
}

# Waits for the engine. Leaves why it ended in `outcome`.
watch_engine() {
    begin=$(date +%s)
    told=0
    outcome=over
    trap 'outcome=interrupted' INT TERM
    while is_running; do
        sleep 1
        elapsed=$(($(date +%s) - begin))
        if [ ! -d "$shared" ]; then
            outcome=vanished
            break
        fi
        [ "$outcome" = over ] || break
        save_findings crashes
        [ ! -t 2 ] || status "$(progress_line)"
        if [ $((elapsed - told)) -ge $progress_seconds ]; then
            told=$elapsed
            [ -t 2 ] || say "$(progress_line)"
            save_findings all
        fi
        # An engine that does not end by itself is ended.
        [ "$elapsed" -le $((seconds + 60)) ] || break
    done
    elapsed=$(($(date +%s) - begin))
    stop_engine
    trap - INT TERM
    [ -d "$shared" ] || outcome=vanished
    [ "$outcome" != over ] || [ $((elapsed + 5)) -ge "$seconds" ] || outcome=early
    save_findings all
    status ""
    say "$(progress_line)"
}

tell_outcome() {
    case $outcome in
    interrupted) say "interrupted; what was found so far is kept" ;;
    vanished) say "the folder $shared is gone; what was found so far is in build/fuzz/$target" ;;
    early)
        # A worker that has met many crashes ends early, and there is nothing wrong with that.
        [ "$(find "$work/raw" -type f | wc -l)" -lt $crashes_max ] || return 0
        tail -n 15 "$work"/log/* >&2
        say "the engine gave up after $elapsed s"
        ;;
    *) return 0 ;;
    esac
    inconclusive=3
}

fuzz_run() {
    fuzz_needs=$fuzz_packages
    [ "$engine" = libfuzzer ] || fuzz_needs="$fuzz_packages $afl_packages"
    log=$root/build/fuzz.log
    mkdir -p "$root/build" || exit 3
    install_packages "$fuzz_needs" || exit 2
    build fuzz-libfuzzer "$fuzz_packages" # also for AFL++: it merges and makes crashes small
    program=$root/build/fuzz-libfuzzer/fuzz/$target
    prepare_folders
    if [ "$engine" = afl ]; then
        build fuzz-afl "$fuzz_needs"
        log=$root/build/fuzz.log
        build_afl_mutator
    fi
    say "$target with $engine: $seconds s, $jobs at once, $seed_count inputs to start from"
    pids=
    inconclusive=0
    end=$(($(date +%s) + seconds))
    "start_$engine"
    watch_engine
    tell_outcome
    keep_new_inputs
    tell_crashes
    [ "$crash_count" = 0 ] || exit 1
    exit "$inconclusive"
}

fuzz_replay() {
    build fuzz-replay "$packages"
    exec "$root/build/fuzz-replay/fuzz/$target" "$@"
}

fuzz_target() {
    parse_campaign "$@"
    while [ $# -gt "$replay_count" ]; do
        shift
    done
    case $mode in
    fuzz) fuzz_run ;;
    merge) fuzz_merge ;;
    replay) fuzz_replay "$@" ;;
    esac
}
