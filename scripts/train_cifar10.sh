#!/usr/bin/env bash
# AbSViT and ViT on CIFAR-10, three seeds each, as train_natural.sh makes the trainings of the hybrid models.
set -euo pipefail
export RECIPES="cifar10_absvit cifar10_vit"
exec bash "$(dirname "${BASH_SOURCE[0]}")/train_natural.sh" --num-workers 0 "$@"
