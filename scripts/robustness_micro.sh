#!/usr/bin/env bash
# Robustness of the micro models, three seeds each: clean, 15 corruptions x 5 severities, FGSM, PGD on N=96 embedded objects;
# with CIFAR10=FOLDER also of the trained cifar10_* models, on PER_CLASS=100 test pictures of each class.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE NPROC=${NPROC:-2}
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
out=${OUT:-outputs/robustness}
mkdir -p "$out"
evaluate() { # RECORD PICTURES OPTIONS...: on a folder and its corrupted copy, in NPROC=2 processes
    echo "$1" && "$PYTHON" -m absvit.launch absvit.robustness clean \
        imagenet_c fgsm pgd --data "$out/$2" --inc-path "$out/$2-c" --resume --out "$out/$1.zarr" "${@:3}" >/dev/null
}
[ -d "$out/objects" ] || "$PYTHON" -m stimuli objects --n "${N:-96}" --seed 41 --out "$out/objects"
"$PYTHON" -m stimuli corrupt "$out/objects" "$out/objects-c" --jobs "$NPROC"
for model in absvit_micro vit_micro; do
    for seed in default seed1 seed2; do evaluate "$model.$seed" objects --model $model --checkpoint $seed; done
done
"$PYTHON" -m absvit.robustness summary "$out"/{absvit,vit}_micro.{default,seed1,seed2}.zarr --out "$out/objects"
[ "${CIFAR10:-}" ] || exit 0
for class in "$CIFAR10"/test/*; do
    mkdir -p "$out/cifar10/${class##*/}"
    find "$class" -type f | sort | sed -n "1,${PER_CLASS:-100}p" | xargs cp -t "$out/cifar10/${class##*/}"
done
"$PYTHON" -m stimuli corrupt "$out/cifar10" "$out/cifar10-c" --crop 64 --jobs "$NPROC"
for run in outputs/training/cifar10_{absvit,vit}_seed*/*vit_micro.safetensors; do
    name=$(basename "$(dirname "$run")") model=$(basename "$run" .safetensors)
    evaluate "$name" cifar10 --model "$model" --checkpoint "$run"
done
"$PYTHON" -m absvit.robustness summary "$out"/cifar10_*_seed*.zarr --out "$out/cifar10-table"
