#!/usr/bin/env bash
# Go through a study of every probe that has a task in a browser, reading its screen; prints how exact frames were.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
export PYTHONPATH="tests/experiments/studies:tests/notebooks:tests/kit:.${PYTHONPATH:+:$PYTHONPATH}"
"$PYTHON" tests/trials/try_studies.py "$@"
