#!/usr/bin/env bash
# Prints the peak memory of a probe at 500 and at 5,000 stimuli, and fails where it grows by more than 10 %.
# Arguments: PROBE (default object_prior) and its options.
set -euo pipefail
export OMP_WAIT_POLICY=PASSIVE
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
peak() { # N OPTIONS...: peak resident memory in MB of the probe and its summary
    "$PYTHON" -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)' \
        "$PYTHON" -m experiments "${@:2}" --n "$1" --out "$out/$1.zarr"
}
few=$(peak 500 "${@:-object_prior}")
many=$(peak 5000 "${@:-object_prior}")
echo "500 stimuli: $few MB, 5,000 stimuli: $many MB (at most 10 % more)"
[ $((many * 10)) -le $((few * 11)) ]
