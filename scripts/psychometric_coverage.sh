#!/usr/bin/env bash
# How often the intervals of psychometric fits hold the truth: 48 designs, 400 experiments each; some 20 minutes of a core.
set -euo pipefail
export OMP_NUM_THREADS=1
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
"$PYTHON" -m experiments recovery --simulations 400 "$@"
