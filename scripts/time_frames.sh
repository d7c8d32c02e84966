#!/usr/bin/env bash
# When a study's frames are on the screen: by the page's own record, and by the browser's screencast of it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
export PYTHONPATH="tests/experiments/studies:tests/notebooks:tests/kit:.${PYTHONPATH:+:$PYTHONPATH}"
"$PYTHON" tests/trials/time_frames.py
