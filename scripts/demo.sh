#!/usr/bin/env bash
# Sets up, runs the bistable probe with the bundled model and draws the signature figure. Arguments go to the probe (try --help).
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
"$PYTHON" -m experiments bistable --out outputs/demo/bistable.zarr --overwrite "$@"
"$PYTHON" -m experiments figure signature outputs/demo/bistable.zarr --out outputs/demo/signature --format pdf png
echo "record  $PWD/outputs/demo/bistable.zarr"
echo "figure  $PWD/outputs/demo/signature.pdf and signature.png"
