#!/usr/bin/env bash
# Breaks trainings (kills at moments and at every write, a full disk, EIO, one of three processes, the launcher, spoilt
# checkpoints), starts them again, and prints a table of what was done, how often, and what came of it.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
exec "$PYTHON" tests/trials/fault_training.py "$@"
