#!/usr/bin/env bash
# Makes the records behind the README's figures, where they are missing, and the figures, into notebooks/figures.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
out=outputs/figures into=notebooks/figures probes=outputs/probes three=(--checkpoint default seed1 seed2 --seed 21 --resume)
look() { "$PYTHON" -m experiments "$1" --out "$out/$2.zarr" "${@:3}" >/dev/null; }                 # PROBE RECORD OPTIONS...
figure() { "$PYTHON" -m experiments figure "$1" "${@:3}" --out "$into/$2" --dpi 170; }             # NAME FILE RECORD...
[ -d "$out/overlays" ] || "$PYTHON" -m stimuli overlay --mixes 0.{1,2,3,4,5,6,7,8,9} --n 270 --seed 21 --out "$out/overlays"
look bistable bistable --seed 0 --resume
look bistable overlay --stimuli "$out/overlays" --n 270 "${three[@]}"
look bistable natural --model absvit_hybrid_lite0_224 --photographs notebooks/pictures/{cat.jpg,horse.png} --classes cat horse --squeeze --resume
bash scripts/run_probes.sh >/dev/null
N=120 bash scripts/robustness_micro.sh >/dev/null
figure signature signature.jpg "$out/bistable.zarr"
figure signature natural.jpg "$out/natural.zarr"
figure psychometric psychometric.png "$out/overlay.zarr"
figure cueing cueing.png "$probes/spatial_prior-absvit.zarr"
figure settling settling.png "$probes/settling.zarr"
figure energy energy.png "$probes/settling.zarr"
figure hysteresis hysteresis.png "$probes/hysteresis.zarr"
figure robustness robustness.png outputs/robustness/{absvit,vit}_micro.{default,seed1,seed2}.zarr
N=132 bash scripts/compare_mechanisms.sh >/dev/null
figure mechanisms mechanisms.png outputs/mechanisms/{bistable,object_prior}-class.zarr --quantities benefit choice_d_prime
trainings=$(ls -d outputs/training/cifar10_{absvit,vit}_seed* 2>/dev/null || true)  # where they were made: hours
[ -z "$trainings" ] || figure training training.png $trainings
evaluated=$(ls -d outputs/robustness/cifar10_*.zarr 2>/dev/null || true)  # with CIFAR10=FOLDER, by robustness_micro.sh
[ -z "$evaluated" ] || figure robustness robustness_cifar10.jpg $evaluated
"$PYTHON" -m stimuli gallery "$into/stimuli"
