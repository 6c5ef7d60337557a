#!/usr/bin/env bash
# Collects into benchmarks/gpu/packed.tar.xz what a GPU machine without a network lacks (Python 3.12 with torch,
# torchvision, timm, pandas, pyarrow, OpenCV, safetensors and scipy): about 47 MB, for which parts of Ray, searches and the
# page's charts are left out, which nothing here uses. `run.sh` unpacks it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

there='torch|torchvision|timm|pandas|pyarrow|opencv-python-headless|safetensors|scipy|numpy|triton|nvidia-.*|cuda-.*|pillow|sympy|mpmath|networkx|jinja2|markupsafe|fsspec|filelock|setuptools|pyyaml|requests|urllib3|idna|certifi|charset-normalizer|packaging|typing-extensions|python-dateutil|pytz|tzdata|six|huggingface-hub|hf-xet|tqdm|protobuf|aiohttp|attrs|msgpack|click|psutil|prometheus-client'
unused='altair|vl-convert-python|narwhals|py-spy|optuna|sqlalchemy|alembic|mako|greenlet|colorlog'
work=$(mktemp -d)
python3 -m uv pip compile --quiet --no-header --no-annotate --python-version 3.12 pyproject.toml |
    grep -vE "^($there|$unused)==" > "$work/needed.txt"
python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 --implementation cp \
    --platform manylinux2014_x86_64 --platform manylinux_2_28_x86_64 --dest "$work/wheels" -r "$work/needed.txt"
mkdir "$work/site"
for wheel in "$work"/wheels/*.whl; do
    python3 -m zipfile -e "$wheel" "$work/site"
done
cd "$work/site"
rm -rf ray/jars ray/rllib ray/llm ray/serve ray/thirdparty_files/virtualenv* cryptography* virtualenv* distlib*
# The dashboard's folder must be there; its files need not.
find ray/dashboard/client/build/static -type f -delete
mkdir -p ray/dashboard/client/build/static && touch ray/dashboard/client/build/static/empty
find . -name '*.so*' -type f -exec strip --strip-unneeded {} + || true
strip --strip-unneeded ray/core/src/ray/gcs/gcs_server ray/core/src/ray/raylet/raylet
chmod +x ray/core/src/ray/gcs/gcs_server ray/core/src/ray/raylet/raylet
cd - > /dev/null
tar -C "$work" -cf - site | xz --x86 --lzma2=preset=9 > benchmarks/gpu/packed.tar.xz
rm -rf "$work"
ls -lh benchmarks/gpu/packed.tar.xz
