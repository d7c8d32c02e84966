#!/usr/bin/env bash
# Sets up and starts JupyterLab on the notebooks. Arguments go to JupyterLab, for example --no-browser --port 9999.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
exec "$PYTHON" -m jupyterlab --ServerApp.root_dir=notebooks "$@"
