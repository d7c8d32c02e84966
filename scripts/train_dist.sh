#!/usr/bin/env bash
# Trains on all GPUs of this machine, else in NPROC processes (default 1). First word: the recipe; the others go to absvit.training.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
gpus=$("$PYTHON" -c 'import torch; print(torch.cuda.device_count())')
[ "$gpus" -gt 0 ] && processes=$gpus || processes=${NPROC:-1}
[ $# -gt 0 ] || set -- micro_cued
"$PYTHON" -m torch.distributed.run --standalone --nproc_per_node "$processes" -m absvit.training "$@"
