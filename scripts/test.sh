#!/usr/bin/env bash
# Sets up and runs the tests in parallel, one thread each. Arguments go to pytest, for example -k bistable.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
"$PYTHON" -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile "$@"
