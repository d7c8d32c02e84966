#!/usr/bin/env bash
# Sets up, runs the bistable probe with the bundled model and draws the signature figure. Arguments go to the probe (try --help).
# --natural, first: with the model of photographs, on --photographs A B, --folder CLASSES, or else on CIFAR-10's test pictures.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
if [ "${1:-}" = --natural ]; then
    case " $* " in *" --photographs "* | *" --folder "* | *" --stimuli "*) pictures=() ;;
        *) "$PYTHON" -m absvit.cifar10 outputs/cifar10 && pictures=(--folder outputs/cifar10/test) ;;
    esac
    set -- --model absvit_hybrid_lite0_224 ${pictures[@]+"${pictures[@]}"} "${@:2}"
fi
"$PYTHON" -m experiments bistable --out outputs/demo/bistable.zarr --overwrite "$@"
"$PYTHON" -m experiments figure signature outputs/demo/bistable.zarr --out outputs/demo/signature --format pdf png
echo "record  $PWD/outputs/demo/bistable.zarr"
echo "figure  $PWD/outputs/demo/signature.pdf and signature.png"
