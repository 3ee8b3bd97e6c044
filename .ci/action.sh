#!/usr/bin/env bash
# The run step of action.yml: its inputs come as GAPCHECK_…, its outputs go to $GITHUB_OUTPUT.
# gapcheck itself writes the annotations, since GitHub sets GITHUB_ACTIONS. Ends with its exit status.
set -uo pipefail

# On the page of the job; a message is one line there (%, CR and LF as GitHub wants them).
annotate() {
    printf '::error title=gapcheck::%s\n' "$(printf '%s' "$1" |
        sed 's/%/%25/g; s/\r/%0D/g' | sed ':a; N; $!ba; s/\n/%0A/g')"
}

# Nothing was run, and whoever looks at the page of the job sees why.
tell_nothing() {
    annotate "$2"
    { printf '## gapcheck: nothing was run; exit %s\n\n' "$1" && printf '%s\n' "$2" |
        sed 's/^/    /'; } >>"$GITHUB_STEP_SUMMARY"
}

wrong() {
    tell_nothing 2 "$1"
    printf 'exit-code=2\nreport=\nartifact=\n' >>"$GITHUB_OUTPUT"
    exit 2
}

# Of all that a command may hold, what the name of an artifact may.
as_name() {
    printf '%s' "$1" | tr -c 'A-Za-z0-9._@\n' - | tr '\n' - | cut -c 1-80
}

client=$GAPCHECK_CLIENT
if [ -n "$GAPCHECK_RELEASE" ]; then
    case $client in
    *[!A-Za-z0-9._-]*) wrong "the input version is for a named driver, and client is a command" ;;
    esac
    client=$client@$GAPCHECK_RELEASE
fi

arguments=(--client "$client")
artifact=gapcheck-$(as_name "$client")
if [ -n "$GAPCHECK_BASELINE" ]; then
    arguments+=(--baseline "$GAPCHECK_BASELINE")
fi
if [ -n "$GAPCHECK_SHARD" ]; then
    arguments+=(--shard "$GAPCHECK_SHARD")
    artifact+=-$(as_name "${GAPCHECK_SHARD/\//-of-}")
fi
case $GAPCHECK_STRICT in
true) arguments+=(--strict) ;;
false | "") ;;
*) wrong "the input strict takes true or false" ;;
esac

report=$(mktemp -d "${RUNNER_TEMP:-/tmp}/gapcheck-XXXXXX") || exit 3
told=$(mktemp "${RUNNER_TEMP:-/tmp}/gapcheck-XXXXXX") || exit 3
{ "$GITHUB_ACTION_PATH/gapcheck" run --out "$report" "${arguments[@]}" 2>&1 >&3 3>&- |
    tee "$told" >&2; } 3>&1
status=${PIPESTATUS[0]}

if [ -f "$report/summary.md" ]; then
    cat "$report/summary.md" >>"$GITHUB_STEP_SUMMARY"
else
    tell_nothing "$status" "$(sed -n '/error: /,$p' "$told" | sed 's/^error: //')"
    rmdir "$report" 2>/dev/null
    report=
    artifact=
fi
rm -f "$told"
printf 'exit-code=%s\nreport=%s\nartifact=%s\n' "$status" "$report" "$artifact" >>"$GITHUB_OUTPUT"
exit "$status"
