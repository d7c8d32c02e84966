#!/usr/bin/env bash
# Runs the main probes with their controls on the bundled models and writes their tables into outputs/probes/*.csv; run
# again, it goes on where it stopped. N=50 bash scripts/run_probes.sh shows fewer stimuli. Dynamics: measure_dynamics.sh.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
out=outputs/probes n=${N:-120} seeds=(default seed1 seed2)
probe() { # PROBE OPTIONS...: AbSViT with permuted decoders beside it, then a plain ViT; every probe has its control cues
    for who in absvit_micro vit_micro; do
        "$PYTHON" -m experiments "$1" --model $who --checkpoint "${seeds[@]}" $([ $who = vit_micro ] || echo --controls) \
            --n "$n" --seed 21 --resume --out "$out/$1-$who.zarr" "${@:2}" >/dev/null
    done
    "$PYTHON" -m experiments summary "$out/$1"-{absvit,vit}_micro.zarr --format csv >"$out/$1.csv"
    "$PYTHON" -m experiments summary "$out/$1"-{absvit,vit}_micro.zarr
}
probe bistable
probe object_prior --gains 1 2 4
probe spatial_prior --gains 1 2
