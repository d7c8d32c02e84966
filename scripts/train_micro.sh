#!/usr/bin/env bash
# Makes all micro trainings, one after another, into outputs/training/RECIPE_seedK; run again, it goes on where it stopped.
# Arguments go to every training, for example --device cpu.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
for seed in 0 1 2; do
    for recipe in micro_cued micro_official micro_vit micro_cnn; do
        echo "$recipe, seed $seed"
        "$PYTHON" -m absvit.training "$recipe" --seed "$seed" --out "outputs/training/${recipe}_seed$seed" "$@"
    done
done
