#!/usr/bin/env bash
# Makes the records behind the README's figures, where they are missing, and the figures, into notebooks/figures.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
out=outputs/figures into=notebooks/figures three=(--checkpoint default seed1 seed2 --seed 21 --resume)
look() { "$PYTHON" -m experiments "$1" --out "$out/$2.zarr" "${@:3}" >/dev/null; }                 # PROBE RECORD OPTIONS...
figure() { "$PYTHON" -m experiments figure "$1" "${@:3}" --out "$into/$2" --dpi 170; }             # NAME FILE RECORD...
[ -d "$out/overlays" ] || "$PYTHON" -m stimuli overlay --mixes 0.{1,2,3,4,5,6,7,8,9} --n 270 --seed 21 --out "$out/overlays"
look bistable bistable --seed 0 --resume
look bistable overlay --stimuli "$out/overlays" --n 270 "${three[@]}"
look spatial_prior spatial_prior --controls --gains 1 --n 48 "${three[@]}"
look feedback_dynamics settling --protocol settling --controls --n 6 --passes 12 --chunk 1 "${three[@]}"
look feedback_dynamics hysteresis --protocol hysteresis --controls --n 12 --gains 1 2 3 5 --chunk 2 "${three[@]}"
N=120 bash scripts/robustness_micro.sh >/dev/null
figure signature signature.jpg "$out/bistable.zarr"
figure psychometric psychometric.png "$out/overlay.zarr"
figure cueing cueing.png "$out/spatial_prior.zarr"
figure settling settling.png "$out/settling.zarr"
figure energy energy.png "$out/settling.zarr"
figure hysteresis hysteresis.png "$out/hysteresis.zarr"
figure robustness robustness.png outputs/robustness/{absvit,vit}_micro.{default,seed1,seed2}.zarr
"$PYTHON" -m stimuli gallery "$into/stimuli"
