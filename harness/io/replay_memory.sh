#!/bin/sh
# How much memory a very large replay takes: 100,000 events of about 300 bytes, published while the
# client is away, from a ring of as many. Prints the peak of the gapcheck process against the size
# of the events, ring, rows, queue and transcript included.
#
#   ./gapcheck run --version && sh harness/io/replay_memory.sh [BINARY]
set -eu
binary=${1:-$(dirname "$0")/../../build/release/gapcheck}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/large-replay.jsonc" <<'SCENARIO'
{
  "title": "A hundred thousand events come back from a ring that holds them all",
  "rules": ["S-3", "C-7"],
  "server": { "ring": 100000 },
  "timeout_ms": 120000,
  "steps": [
    { "accept": {} },
    { "publish": {} },
    { "settle": {} },
    { "drop": {} },
    { "publish": { "count": 100000, "size": 83 } },
    { "accept": {} },
    { "settle": { "timeout_ms": 60000 } }
  ]
}
SCENARIO

"$binary" run "$folder/large-replay.jsonc" --no-color --out "$folder/report" >"$folder/output" &
process=$!
peak_kib=0
while kill -0 "$process" 2>/dev/null; do
    now_kib=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$process/status" 2>/dev/null || true)
    [ -n "$now_kib" ] && peak_kib=$now_kib
    sleep 0.01
done
wait "$process" || { cat "$folder/output"; exit 1; }

# The replay on the wire, as the server's own transcript sums it up: one frame is printed here.
events=100000
frame_bytes=$(printf '%s' '{"id":"00000000-0000-4000-8000-0000000186a0","type":"message.created","channel":"general","message":{"id":"gc-100000","agent_id":"agent-gapcheck","agent_name":"gapcheck","text":"'"$(head -c 83 /dev/zero | tr '\0' x)"'","attachments":[]},"agent_seq":100000}' | wc -c)
payload_kib=$((events * frame_bytes / 1024))
grep 'scenario' "$folder/output" | tail -n 1
echo "events: $events of $frame_bytes bytes = $payload_kib KiB; peak of gapcheck: $peak_kib KiB; ratio $(awk "BEGIN { printf \"%.2f\", $peak_kib / $payload_kib }")"
