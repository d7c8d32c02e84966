#!/usr/bin/env bash
# Kills a training at 20 random moments, resumes it each time, and compares the weights with an uninterrupted run's.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
exec "$PYTHON" tests/fault_training.py
