#!/usr/bin/env bash
# Trains on all GPUs of this machine, else in NPROC processes (default 1): train_dist.sh [RECIPE] [options of absvit.training].
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
gpus=$("$PYTHON" -c 'import torch; print(torch.cuda.device_count())')
[ "$gpus" -gt 0 ] && processes=$gpus || processes=${NPROC:-1}
case ${1:-} in "" | -*) set -- micro_cued "$@" ;; esac
"$PYTHON" -m torch.distributed.run --standalone --nproc_per_node "$processes" -m absvit.training "$@"
