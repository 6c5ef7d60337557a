#!/usr/bin/env bash
# All measurements on a machine with a GPU, in at most eight minutes; no network is needed.
#
#     benchmarks/gpu/run.sh               # benchmarks/results/gpu.json
#     benchmarks/gpu/run.sh --rehearse    # everything at tiny sizes on the CPU: shows that nothing is mistyped
#
# Packages that the machine lacks come from benchmarks/gpu/packed*.tar.xz, where `pack.sh` has left them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

site=$(mktemp -d)
for packed in benchmarks/gpu/packed*.tar.xz; do
    [ ! -f "$packed" ] || tar -xf "$packed" -C "$site"
done
[ ! -d "$site/site" ] || export PYTHONPATH="$PWD:$site/site${PYTHONPATH:+:$PYTHONPATH}"
export ABLATE_CACHE="${ABLATE_CACHE:-$(mktemp -d)}"
python=${PYTHON:-python3}  # in a virtual environment, its own
if [ "${1:-}" = --rehearse ]; then
    shift
    exec "$python" -m benchmarks.gpu device=cpu size=32 width=4 steps=5 images=8 networks=unet \
        to="$(mktemp -d)/gpu.json" "$@"
fi
exec "$python" -m benchmarks.gpu "$@"
