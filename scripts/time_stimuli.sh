#!/usr/bin/env bash
# Times the drawing and writing of embedded single-object scenes with masks in two processes, at 64 and at 224 pixels.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
measure() { # N PIXELS SECONDS
    local start=$EPOCHREALTIME
    "$PYTHON" -m stimuli objects --n "$1" --size "$2" "$2" --jobs 2 --out "$out/$2" >/dev/null
    local took=$(((${EPOCHREALTIME/[.,]/} - ${start/[.,]/}) / 1000))
    echo "$1 scenes of $2 x $2 pixels with masks: $((took / 1000)).$(printf %03d $((took % 1000))) s (at most $3 s)"
    [ "$took" -lt $(($3 * 1000)) ]
}
measure 10000 64 30
measure 1000 224 60
