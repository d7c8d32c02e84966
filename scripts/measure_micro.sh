#!/usr/bin/env bash
# Measures the bundled micro models on images that no training saw: records, cards, the README's table and figure.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
out=outputs/steering weights=absvit/models/weights
seeds=(default seed1 seed2) official=(official_seed0 official_seed1 official_seed2)
probe() { # NAME MODEL PROBE SEED OPTIONS...: 1,056 images hold every ordered pair of categories eight times
    echo "$1" && "$PYTHON" -m experiments "$3" --model "$2" --label "$label" --n 1056 --seed "$4" --resume --out "$out/$1.zarr" "${@:5}" >/dev/null
}
measure() { # NAME MODEL CHECKPOINTS...
    probe "$1" "$2" bistable 11 --checkpoint "${@:3}" $([[ "$2" != absvit* ]] || echo --controls)
    probe "$1-single" "$2" recognition 12 --checkpoint "${@:3}"
    probe "$1-rotated" "$2" recognition 12 --hue-shift 180 --checkpoint "${@:3}"
    for checkpoint in "${@:3}"; do
        file=$weights/$2.$checkpoint.safetensors
        "$PYTHON" -m experiments card "${file/.default/}" --steering "$out/$1.zarr" \
            --recognition "$out/$1-single.zarr" --rotated "$out/$1-rotated.zarr"
    done
}
label="cued" measure cued absvit_micro "${seeds[@]}"
label="official" measure official absvit_micro "${official[@]}"
label="plain ViT" measure vit vit_micro "${seeds[@]}"
label="small ResNet" measure cnn cnn_micro "${seeds[@]}"
"$PYTHON" -m experiments summary "$out"/{cued,official,vit,cnn}.zarr
"$PYTHON" -m experiments summary "$out"/{cued,official,vit,cnn}-{single,rotated}.zarr
"$PYTHON" -m experiments figure steering "$out"/{cued,official,vit}.zarr --out "$out/steering.png"
