#!/usr/bin/env bash
# Kills a study's server (SIGKILL) 20 times while 50 participants answer: what was acknowledged must be there. --kills N
set -euo pipefail
export OMP_NUM_THREADS=1
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
exec "$PYTHON" tests/trials/fault_server.py "$@"
