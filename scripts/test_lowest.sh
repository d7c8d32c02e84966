#!/usr/bin/env bash
# Runs the tests on the lowest versions that pyproject.toml allows, in outputs/lowest. Arguments go to pytest.
# LIGHT=1 takes torch and torchvision, gigabytes each, and what no bound names from the usual environment.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
LOWEST=outputs/lowest
"$PYTHON" -m venv "$LOWEST"
"$PYTHON" tests/trials/lowest_versions.py | grep -vE "${LIGHT:+^torch(vision)?==|}^$" > "$LOWEST/constraints.txt"
if [ -n "${LIGHT:-}" ]; then
    "$PYTHON" -c 'import pathlib, torch; print(pathlib.Path(torch.__file__).parents[1])' \
        > "$("$LOWEST/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/shared.pth"
fi
"$LOWEST/bin/pip" install --quiet --constraint "$LOWEST/constraints.txt" --editable '.[dev]'
"$LOWEST/bin/python" -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile "$@"
