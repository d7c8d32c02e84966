#!/usr/bin/env bash
# Strikes a probe and the drawing of a set at every change to files (SIGKILL, EIO, full disk) and goes on: one table.
set -euo pipefail
export OMP_NUM_THREADS=1
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
exec "$PYTHON" tests/trials/fault_records.py "$@"
