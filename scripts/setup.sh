#!/usr/bin/env bash
# Sets everything up, once; a second run is a quick no-op. Sourced by the other scripts, it leaves the interpreter in $PYTHON.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ "${CONDA_DEFAULT_ENV:-}" = absvit ] && environment=$CONDA_PREFIX tested="" || environment=$PWD/.venv tested="-c constraints.txt"
environment=${VIRTUAL_ENV:-$environment}
PYTHON=$environment/bin/python
recent='import sys; sys.exit(sys.version_info < (3, 11))'
inputs=$({ pwd && cat pyproject.toml constraints.txt scripts/setup.sh; } | cksum)  # noted when all is installed
stop() { echo "$1" >&2; exit 1; }
install() {  # the last Debian package whose name matches, where apt-get may be used without a password
    local admin; admin=$([ "$(id -u)" = 0 ] || echo "sudo -n")
    $admin apt-get -qq update && $admin env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends \
        "$(apt-cache search --names-only "^$1\$" | cut -d' ' -f1 | sort | tail -n 1)"
}
if [ "$(cat "$environment/absvit-installed" 2>/dev/null)" != "$inputs" ]; then
    for python in "$PYTHON" python3.11 python3.12 python3.13 python3 ""; do "$python" -c "$recent" 2>/dev/null && break; done
    [ "$python" ] || stop "Python 3.11 or newer is needed and was not found: install it, then run this again."
    [ -x "$PYTHON" ] || "$python" -m venv "$environment" >&2 || { install 'python3-venv' && "$python" -m venv "$environment"; } >&2
    "$PYTHON" -c "$recent" || stop "$environment holds a Python older than 3.11: deactivate or remove it, then run this again."
    "$PYTHON" -m pip --version >/dev/null 2>&1 || "$PYTHON" -m ensurepip >&2
    echo "Installing into $environment (some minutes the first time) ..." >&2
    "$PYTHON" -m pip install -qq --no-input $tested -e '.[dev]' </dev/null >&2
    "$PYTHON" -c 'import wand.image' 2>/dev/null || install 'libmagickwand-[67][.]q16-[0-9]+(t64)?' </dev/null >/dev/null 2>&1 ||
        echo "Motion blur and snow need ImageMagick, the rest does not: apt-get install libmagickwand-6.q16-6 (or -7.q16-10);" \
            "dnf install ImageMagick-libs; brew install imagemagick; conda install imagemagick." >&2
    echo "$inputs" >"$environment/absvit-installed"
fi
[ "${BASH_SOURCE[0]}" != "$0" ] || echo "$PYTHON"
