#!/usr/bin/env bash
# Compares mechanisms of attention on the bundled models, three trainings each: strengths matched on pictures of another
# seed; then pairs of objects, scenes and displays under cues for classes or places, with plain networks, permuted
# decoders and decision biases as controls. Records, tables and figures in outputs/mechanisms. N=24 shows fewer stimuli.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE NPROC=${NPROC:-2}
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
out=${OUT:-outputs/mechanisms} n=${N:-264} seeds=(default seed1 seed2) rivals=(absvit_micro)
for host in absvit_micro vit_micro cnn_micro; do
    for mechanism in evidence_gate attention_bias feature_gain spatial_gain decision_bias; do
        [ $host+$mechanism = cnn_micro+attention_bias ] || rivals+=($host+$mechanism)
    done
done
show() { # RECORD PROBE OPTIONS...
    "$PYTHON" -m absvit.launch experiments "$2" --checkpoint "${seeds[@]}" --n "$n" --resume --out "$out/$1.zarr" "${@:3}" >/dev/null
}
show match match --model "${rivals[@]}"
"$PYTHON" -m experiments summary "$out/match.zarr" | tee "$out/match.txt"
"$PYTHON" -m experiments figure match "$out/match.zarr" --out "$out/match.png"
compare() { # CUE PROBE OPTIONS...
    mapfile -t matched < <("$PYTHON" -m experiments matched "$out/match.zarr" --cue "$1")
    show "$2-$1" "$2" --model "${matched[@]}" vit_micro cnn_micro --controls --seed 31 "${@:3}"
    "$PYTHON" -m experiments figure mechanisms "$out/$2-$1.zarr" --table --caption --out "$out/$2-$1.png"
}
compare class bistable --priors none class "absent class"
compare place bistable --priors none place
compare class object_prior --priors neutral valid invalid absent --gains 1
compare place spatial_prior --gains 1
