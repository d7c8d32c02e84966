#!/usr/bin/env bash
# Sets up, runs the bistable probe with the bundled model and draws the signature figure. Arguments go to the probe (try --help).
# --natural, first: with the model of photographs, on --photographs A B, --folder CLASSES, or else on CIFAR-10's test pictures.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
from=$PWD
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
root=$PWD
[ "$from" = "$root" ] && out=outputs || out=$root/outputs
cd "$from"  # whence the paths of pictures are meant
if [ "${1:-}" = --natural ]; then
    case " $* " in *" --stimuli "*) pictures=() ;;
        *" --photographs "* | *" --folder "*) pictures=(--squeeze) ;;  # as the model was trained
        *) "$PYTHON" -m absvit.cifar10 "$out/cifar10" && pictures=(--squeeze --folder "$out/cifar10/test") ;;
    esac
    set -- --model absvit_hybrid_lite0_224 ${pictures[@]+"${pictures[@]}"} "${@:2}"
fi
"$PYTHON" -m experiments bistable --out "$out/demo/bistable.zarr" --overwrite "$@"
"$PYTHON" -m experiments figure signature "$out/demo/bistable.zarr" --out "$out/demo/signature" --format pdf png
echo "record  $root/outputs/demo/bistable.zarr"
echo "figure  $root/outputs/demo/signature.pdf and signature.png"
