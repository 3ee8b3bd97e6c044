# What the corpora alone reach; a part of ../gapcheck, which has loaded it.
# shellcheck shell=sh

coverage_packages="gcovr"

# The least share of lines in percent, and the files of harness/core that it is asked of. What
# nobody feeds from outside is no part: the reference of scenarios/README.md and the templates of
# `gapcheck new`.
coverage_demands="
frame    95 ^frame(_string)?[.]c$
dedupe   95 ^dedupe[.]c$
ring     95 ^ring[.]c$
scenario 90 ^(scenario(_each|_fields|_parse.*|_print.*|_same|_schema.*)?|jsonc.*)[.]c$
session  90 ^(session.*|model)[.]c$
"

replay_corpora() {
    find "$root/build/coverage" -name '*.gcda' -delete
    for source in "$root"/fuzz/*.c; do
        name=$(basename "$source" .c)
        "$root/build/coverage/fuzz/$name" "$root/corpus/$name" >"$log" 2>&1 && continue
        cat "$log" >&2
        say "the corpus of $name does not keep its property"
        exit 1
    done
}

# "1234 of 1300" lines of the files that match, out of the table of gcovr.
count_lines() { # pattern
    awk -F, -v pattern="$1" '
        NR > 1 {
            file = $1
            sub(".*/", "", file)
            if (file ~ pattern) { lines += $2; covered += $3 }
        }
        END { printf "%d %d", covered, lines }' "$report/lines.csv"
}

check_demands() {
    missed=0
    printf '%s\n' "$coverage_demands" >"$report/demands"
    while read -r module percent pattern; do
        [ -n "$module" ] || continue
        # shellcheck disable=SC2046
        set -- $(count_lines "$pattern")
        [ "$2" -gt 0 ] || {
            say "$module: no file matches, or none was built"
            missed=1
            continue
        }
        tenths=$(($1 * 1000 / $2))
        verdict=
        [ "$tenths" -ge $((percent * 10)) ] || {
            verdict=", too little"
            missed=1
        }
        printf '%-9s %3d.%d %% of %4d lines, %d %% wanted%s\n' "$module" $((tenths / 10)) \
            $((tenths % 10)) "$2" "$percent" "$verdict"
    done <"$report/demands"
}

coverage() {
    [ $# = 0 ] || {
        say "\`gapcheck coverage\` takes no argument"
        exit 2
    }
    mkdir -p "$root/build" || exit 3
    log=$root/build/coverage.log
    install_packages "$packages $coverage_packages" || exit 2
    build coverage "$packages"
    log=$root/build/coverage.log
    report=$root/build/coverage/report
    rm -rf "$report" && mkdir -p "$report" || exit 3
    replay_corpora
    gcovr --root "$root" --object-directory "$root/build/coverage" --filter 'harness/' \
        --filter "$root/harness/" --html-details "$report/index.html" --csv "$report/lines.csv" \
        "$root/build/coverage" >"$log" 2>&1 || {
        cat "$log" >&2
        say "gcovr could not make the report"
        exit 3
    }
    check_demands
    printf 'report: %s\n' "${report#"$root"/}/index.html"
    exit $missed
}
