#!/usr/bin/env bash
# Kills a probe at 20 random moments, resumes it, and compares its record with an uninterrupted one: one table.
set -euo pipefail
export OMP_NUM_THREADS=1
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
"$PYTHON" tests/trials/fault_probe.py "$@"
