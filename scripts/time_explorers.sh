#!/usr/bin/env bash
# Times the explorers in milliseconds: first picture, a slider on the live bundled model, a slider on a stored record.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
exec "$PYTHON" tests/time_explorers.py "$@"
