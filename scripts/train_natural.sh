#!/usr/bin/env bash
# Trains RECIPES (the hybrid ones if left out), three seeds each, into outputs/training/RECIPE_seedK; run again, it goes on.
# CIFAR10=FOLDER holds train/CLASS/PICTURE (fetched if left out). Arguments go to every training, for example --device cpu.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE NPROC=${NPROC:-2}
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
pictures=${CIFAR10:-outputs/cifar10}
[ -n "${CIFAR10:-}" ] || "$PYTHON" -m absvit.cifar10 "$pictures"
for seed in 0 1 2; do
    for recipe in ${RECIPES:-hybrid_cued hybrid_official hybrid_vit}; do
        echo "$recipe, seed $seed"
        "$PYTHON" -m absvit.launch "$recipe" --seed "$seed" --data-path "$pictures" \
            --out "outputs/training/${recipe}_seed$seed" "$@"
    done
done
