#!/usr/bin/env bash
# Trains on all GPUs of this machine (--nproc-per-node N: on N), else in NPROC processes (default 1): train_dist.sh [RECIPE] [options of absvit.training].
# torchrun's options go along: --max-restarts 3; --nnodes 2 --rdzv-backend c10d --rdzv-endpoint HOST:29500.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
from=$PWD
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$from"  # whence the paths among the options are meant
exec "$PYTHON" -m absvit.launch "$@"
