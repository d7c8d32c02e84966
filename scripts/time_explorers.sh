#!/usr/bin/env bash
# Times the explorers in milliseconds, wall and CPU: first pictures, moves on the live bundled model and on stored records.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
exec "$PYTHON" tests/trials/time_explorers.py "$@"
