#!/usr/bin/env bash
# Trains the micro ViT and AbSViT to segment drawn scenes, three seeds each, tests all on 1,000 new scenes, tells mIoU.
# Results go to outputs/segmentation; run again, it goes on where it stopped. Arguments go to every training and test.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
for seed in 0 1 2; do
    for start in vit_micro:seed absvit_micro:official_seed; do
        recipe=upernet_${start%:*} weights=${start#*:}$seed out=outputs/segmentation/upernet_${start%:*}_seed$seed
        [ "$weights" != seed0 ] || weights=released
        echo "$recipe, seed $seed"
        "$PYTHON" -m absvit.segmentation "$recipe" --seed "$seed" --finetune "$weights" --num-workers 0 --out "$out" "$@"
        "$PYTHON" -m absvit.segmentation test --checkpoint "$out/segmenter.safetensors" --out "$out/test.zarr" --resume "$@"
    done
done
"$PYTHON" -m absvit.segmentation summary outputs/segmentation/upernet_*_micro_seed*/test.zarr
