#!/usr/bin/env bash
# Sets up and runs the tests in parallel, one thread each; --fast leaves out those that take long, start processes
# or drive a browser. Other arguments go to pytest, for example -k bistable.
set -euo pipefail
unset PYTHONDONTWRITEBYTECODE  # or every process that a test starts compiles what it imports
export OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1 PYTEST_DISABLE_PLUGIN_AUTOLOAD=1  # plug-ins take seconds to import
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
[ "${1:-}" != --fast ] || { shift; set -- -m "not (seconds or slow or browser or processes)" "$@"; }
"$PYTHON" -m pytest -p xdist --numprocesses auto --maxprocesses 8 --dist loadgroup --no-loadscope-reorder "$@"
