#!/usr/bin/env bash
# Sets up and builds the book as HTML in outputs/book/html; --no-run-notebooks leaves the notebooks' outputs out.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
"$PYTHON" -m notebooks.book "$@"
