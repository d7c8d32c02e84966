#!/usr/bin/env bash
# Measures the feedback dynamics of the bundled models, decoders permuted beside them: records, tables and the figure.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
out=outputs/dynamics
look() { # PROTOCOL OPTIONS...
    "$PYTHON" -m experiments feedback_dynamics --protocol "$1" --checkpoint default seed1 seed2 --controls --label cued \
        --seed 21 --resume --out "$out/$1.zarr" "${@:2}"
}
look settling --n 12 --passes 12 --chunk 3
look hysteresis --n 24 --gains 1 2 3 5 --chunk 6
look switching --n 6 --gains 2 --noise 0 0.3 --chunk 3
"$PYTHON" -m experiments figure dynamics "$out"/{settling,hysteresis,switching}.zarr --out "$out/dynamics.png"
