#!/usr/bin/env bash
# Builds wheel and sdist in outputs/wheel and tries them in an empty environment: README's five minutes, commands and
# a study in another folder; tests from the unpacked sdist, to which arguments go, for example -k halves.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
TRY=$PWD/outputs/wheel EMPTY=$PWD/outputs/wheel/empty/bin
rm -rf "$TRY" && mkdir -p "$TRY/elsewhere"
"$PYTHON" -m venv "$TRY/empty"
"$EMPTY/pip" install --quiet build torch torchvision
"$EMPTY/python" -m build --outdir "$TRY/dist" . >"$TRY/build.log" 2>&1 || { tail -n 20 "$TRY/build.log" >&2; exit 1; }
"$EMPTY/pip" install --quiet "$TRY"/dist/*.whl
tar xzf "$TRY"/dist/*.tar.gz -C "$TRY"
export PATH=$EMPTY:$PATH
cd "$TRY/elsewhere"
python -c 'import absvit; print("The wheel is", absvit.__file__)'
python "$TRY"/absvit-*/tests/trials/first_steps.py "$TRY"/absvit-*/README.md >five_minutes.log
echo "The five minutes ran:" outputs/*
absvit >/dev/null && python -m experiments list >/dev/null && python -m stimuli --help >/dev/null && echo "The commands list themselves."
python -m experiments study bistable --participants 2 --out study >/dev/null && echo "A study was written:" study/*
pip install --quiet pytest pytest-xdist
cd "$TRY"/absvit-*/
VIRTUAL_ENV=$TRY/empty python -m pytest -p xdist -q -p no:cacheprovider "${@:-tests/stimuli/families}"
