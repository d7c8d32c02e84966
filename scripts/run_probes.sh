#!/usr/bin/env bash
# Runs the main probes with their controls on the bundled models, in NPROC=2 processes: records, tables (*.csv) and the
# figure of the dynamics in outputs/probes. Run again, it goes on where it stopped. N=50 shows fewer stimuli.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE NPROC=${NPROC:-2}
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
out=${OUT:-outputs/probes} n=${N:-120} seeds=(default seed1 seed2)
show() { # RECORD PROBE OPTIONS...
    "$PYTHON" -m absvit.launch experiments "$2" \
        --checkpoint "${seeds[@]}" --seed 21 --resume --out "$out/$1.zarr" "${@:3}" >/dev/null
}
probe() { # PROBE OPTIONS...: AbSViT with permuted decoders beside it, then a plain ViT; every probe has its control cues
    show "$1-absvit" "$1" --n "$n" --controls "${@:2}"
    show "$1-vit" "$1" --n "$n" --model vit_micro "${@:2}"
    "$PYTHON" -m experiments summary "$out/$1"-{absvit,vit}.zarr --format csv >"$out/$1.csv"
    "$PYTHON" -m experiments summary "$out/$1"-{absvit,vit}.zarr
}
dynamics() { # PROTOCOL OPTIONS...: a plain ViT has none
    show "$1" feedback_dynamics --protocol "$1" --controls "${@:2}"
    "$PYTHON" -m experiments summary "$out/$1.zarr" --format csv >"$out/$1.csv"
}
probe bistable
probe object_prior --gains 1 2 4
probe spatial_prior --gains 1 2
dynamics settling --n $((n / 5)) --passes 12 --chunk 3
dynamics hysteresis --n $((n / 5)) --gains 1 2 3 5 --chunk 6
dynamics switching --n $((n / 10)) --gains 2 --noise 0 0.3 --chunk 3
