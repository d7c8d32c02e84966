#!/usr/bin/env bash
# Measures observers of 1,000 kinds on photographs, IMAGENET=FOLDER of WNID/PICTURE: halves and overlays of two kinds under
# cues, with permuted decoders, a gate, a bias of the decision and the plain network beside AbSViT in closed form; then
# hosts alone. Records, tables and a figure in outputs/photographs. N=24 shows fewer stimuli.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE NPROC=${NPROC:-2}
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
out=${OUT:-outputs/photographs} n=${N:-250} pictures=${IMAGENET:?a folder of WNID/PICTURE}
mkdir -p "$out"
rivals=(absvit_lite0 lite0_dense+evidence_gate:strength=8 lite0_dense+posterior_gate lite0_dense+decision_bias:strength=4)
explained=lite0_dense+explaining_away+posterior_gate
show() { # RECORD PROBE OPTIONS...
    "$PYTHON" -m absvit.launch experiments "$2" --n "$n" --resume --out "$out/$1.zarr" "${@:3}" >/dev/null
    "$PYTHON" -m experiments summary "$out/$1.zarr" | tee "$out/$1.txt"
}
show halves bistable --folder "$pictures" --squeeze --model "${rivals[@]}" lite0_dense --controls
"$PYTHON" -m stimuli overlay --folder "$pictures" --mixes 0.5 --size 384 384 --n "$n" --overwrite --out "$out/overlays"
show overlays bistable --stimuli "$out/overlays" --model "${rivals[@]}" "$explained" --priors none class "absent class"
show whole recognition --folder "$pictures" --model lite0_dense absvit_lite0
"$PYTHON" -m absvit.benchmark hosts --folder "$pictures" --n "$n" --hosts lite0_dense --sizes 224 320 384 | tee "$out/sizes.txt"
"$PYTHON" -m absvit.benchmark hosts --folder "$pictures" --n "$n" --hosts lite2_dense | tee "$out/lite2.txt"
"$PYTHON" -m absvit.benchmark hosts --n "$n" --hosts cnn_micro vit_micro | tee "$out/micro.txt"
for record in halves overlays; do
    "$PYTHON" -m experiments summary --mechanisms "$out/$record.zarr" | tee "$out/$record-mechanisms.txt"
done
"$PYTHON" -m experiments figure mechanisms "$out/halves.zarr" --table --caption --out "$out/halves.png"
