#!/usr/bin/env bash
# AbSViT and ViT on CIFAR-10, three seeds each, into outputs/training/RECIPE_seedK; run again, it goes on where it stopped.
# CIFAR10=FOLDER holds train/CLASS/PICTURE (fetched if left out). Arguments go to every training, for example --epochs 2.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE NPROC=${NPROC:-2}
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
pictures=${CIFAR10:-outputs/cifar10}
[ -n "${CIFAR10:-}" ] || "$PYTHON" -m absvit.cifar10 "$pictures"
for seed in 0 1 2; do
    for recipe in cifar10_absvit cifar10_vit; do
        echo "$recipe, seed $seed"
        "$PYTHON" -m absvit.launch "$recipe" --seed "$seed" --data-path "$pictures" --num-workers 0 \
            --out "outputs/training/${recipe}_seed$seed" "$@"
    done
done
