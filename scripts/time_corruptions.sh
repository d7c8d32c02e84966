#!/usr/bin/env bash
# Times the 15 corruptions of one 224 px photograph beside the package imagecorruptions (the extra "oracle"), per core.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
"$PYTHON" tests/kit/corruption_peer.py speed
