#!/usr/bin/env bash
# Runs the PsychoPy script of a small study in a virtual display, simulated participants, and collects what it wrote.
# PsychoPy gets an environment of its own, in outputs/psychopy; Xvfb must be there (apt-get install xvfb). PROBE=crowding
set -euo pipefail
export OMP_NUM_THREADS=1
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
out=${OUT:-outputs/psychopy} probe=${PROBE:-crowding}
command -v xvfb-run >/dev/null || { echo "Xvfb is needed: apt-get install xvfb xauth libgl1-mesa-dri libglu1-mesa" >&2; exit 1; }
if [ ! -e "$out/environment/installed" ]; then
    "$PYTHON" -m venv "$out/environment"
    pip=("$out/environment/bin/python" -m pip install -q)
    "${pip[@]}" --no-deps psychopy # wxPython, for its editor alone, would have to be compiled
    "${pip[@]}" numpy scipy pillow matplotlib pandas pyglet==1.5.27 imageio freetype-py python-bidi arabic-reshaper pyyaml \
        requests packaging json_tricks psutil msgpack msgpack-numpy pyzmq gevent python-xlib distro setuptools openpyxl \
        xmlschema i18next ujson websockets questplus pyserial jedi astunparse esprima opencv-python-headless psychtoolbox
    touch "$out/environment/installed"
fi
rm -rf "$out/study"
"$PYTHON" -m experiments study "$probe" --participants 2 --practice 2 --nearly --n 8 --out "$out/study" >/dev/null
xvfb-run -a -s "-screen 0 1280x1024x24" "$PYTHON" tests/trials/try_psychopy.py "$out/environment/bin/python" "$out/study"
