#!/usr/bin/env bash
# Robustness of the bundled micro models, three seeds each: clean, 15 corruptions x 5 severities, FGSM and PGD; N=96 objects.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
out=outputs/robustness n=${N:-96} jobs=${JOBS:-2}
[ -d "$out/objects" ] || "$PYTHON" -m stimuli objects --n "$n" --seed 41 --out "$out/objects"
"$PYTHON" -m stimuli corrupt "$out/objects" "$out/objects-c" --jobs "$jobs"
for model in absvit_micro vit_micro; do
    for seed in default seed1 seed2; do
        echo "$model, $seed"
        "$PYTHON" -m absvit.robustness clean imagenet_c fgsm pgd --model "$model" $([ "$seed" = default ] || echo --checkpoint "$seed") \
            --data "$out/objects" --inc-path "$out/objects-c" --resume --out "$out/$model.$seed.zarr" >/dev/null
    done
done
"$PYTHON" -m absvit.robustness summary "$out"/{absvit,vit}_micro.{default,seed1,seed2}.zarr --out "$out/micro"
