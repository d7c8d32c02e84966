#!/usr/bin/env bash
# Measures the hybrid models on pictures that no training saw, CIFAR-10's test split and, with IMAGENET=FOLDER or TAR, its
# photographs of the ten classes; controls come from outputs/training (train_natural.sh). Records, cards and tables.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE NPROC=${NPROC:-2}
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
out=outputs/natural weights=absvit/models/weights pictures=${CIFAR10:-outputs/cifar10} n=${N:-1000} training=${TRAINING:-outputs/training}
[ -n "${CIFAR10:-}" ] || "$PYTHON" -m absvit.cifar10 "$pictures"
sets=(cifar10:"$pictures/test")
if [ -n "${IMAGENET:-}" ]; then
    [ -d "$out/imagenet" ] || "$PYTHON" -m stimuli photographs "$IMAGENET" "$out/imagenet"
    sets+=(imagenet:"$out/imagenet")
fi
probe() { "$PYTHON" -m absvit.launch experiments "$1" --n "$n" --resume "${@:2}" >/dev/null; } # PROBE OPTIONS...
measure() { # LABEL MODEL CHECKPOINTS...
    for set in "${sets[@]}"; do
        look=(--model "$2" --label "$1" --folder "${set#*:}" --checkpoint "${@:3}")
        probe bistable "${look[@]}" --squeeze --seed 71 --out "$out/$1-${set%%:*}.zarr" $([[ $2 = vit* ]] || echo --controls)
        probe recognition "${look[@]}" --seed 72 --out "$out/$1-${set%%:*}-whole.zarr"
        for record in "" -whole; do "$PYTHON" -m experiments summary "$out/$1-${set%%:*}$record.zarr"; done
    done
}
measure cued absvit_hybrid_lite0_224 ${CUED:-default seed1 seed2}
for checkpoint in ${CUED-default seed1 seed2}; do # the bundled ones get what was measured into their cards
    file=$weights/absvit_hybrid_lite0_224.$checkpoint.safetensors file=${file/.default/}
    [ ! -e "$file" ] || "$PYTHON" -m experiments card "$file" --steering "$out/cued-cifar10.zarr" --recognition "$out/cued-cifar10-whole.zarr"
done
[ ! -d "$training/hybrid_official_seed0" ] || measure official absvit_hybrid_lite0_224 "$training"/hybrid_official_seed?/*.safetensors
[ ! -d "$training/hybrid_vit_seed0" ] || measure vit vit_hybrid_lite0_224 "$training"/hybrid_vit_seed?/*.safetensors
