#!/usr/bin/env bash
# Asks of every family whether conditions and categories follow the trial number, each other or the last seed: one table.
set -euo pipefail
export OMP_NUM_THREADS=1
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
"$PYTHON" tests/trials/fault_designs.py "$@"
