#!/usr/bin/env bash
# Makes a stimulus set of every family with its contact sheet, into outputs/stimuli; run again, it makes what is missing.
# GALLERY=notebooks/figures/stimuli makes the sheets of the README, too.
# Arguments go to every set, for example --jobs 4. SEGMENTED=FOLDER adds scenes of photographed objects (images/, masks/).
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_of() { # NAME FAMILY OPTIONS...
    "$PYTHON" -m stimuli "$2" --resume --out "outputs/stimuli/$1" "${@:3}"
    "$PYTHON" -m stimuli verify "outputs/stimuli/$1" && "$PYTHON" -m stimuli show "outputs/stimuli/$1"
}
set_of objects objects --n 132 --class-folder "$@"
set_of pairs objects --n 132 --n-objects 2 "$@"
set_of cluttered objects --n 132 --n-objects 3 --clutter 12 --occlusion 0.2 --background texture:gravel "$@"
set_of halves halves --n 264 "$@"
for family in overlay morph ambiguous cueing search navon contours hybrid crowding; do
    set_of "$family" "$family" --n 96 "$@"
done
[ -z "${SEGMENTED:-}" ] || set_of natural natural --n 96 --folder "$SEGMENTED" "$@"
[ -z "${GALLERY:-}" ] || "$PYTHON" -m stimuli gallery "$GALLERY"
