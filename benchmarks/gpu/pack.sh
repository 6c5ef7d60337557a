#!/usr/bin/env bash
# Collects into benchmarks/gpu what a GPU machine without a network lacks (Python 3.12 with torch, torchvision, timm,
# pandas, pyarrow, OpenCV, safetensors and scipy): packed.tar.xz, 47 MB, without those parts of Ray, the searches and the
# page's charts that nothing here uses; and packed-renderer.tar.xz, 12 MB, Mitsuba with the plugins that the renderer
# loads. `run.sh` unpacks what is there, so that a machine to which little can be sent at once takes one after the other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

there='torch|torchvision|timm|pandas|pyarrow|opencv-python-headless|safetensors|scipy|scikit-image|imageio|tifffile|lazy-loader|numpy|triton|nvidia-.*|cuda-.*|pillow|sympy|mpmath|networkx|jinja2|markupsafe|fsspec|filelock|setuptools|pyyaml|requests|urllib3|idna|certifi|charset-normalizer|packaging|typing-extensions|python-dateutil|pytz|tzdata|six|huggingface-hub|hf-xet|tqdm|protobuf|aiohttp|attrs|msgpack|click|psutil|prometheus-client'
unused='altair|vl-convert-python|narwhals|py-spy|optuna|sqlalchemy|alembic|mako|greenlet|colorlog'
plugins='bitmap|blendbsdf|box|conductor|d65|depth|diffuse|direct|directional|envmap|gaussian|hdrfilm|independent|instance|merge|mesh_attribute|multijitter|perspective|point|rectangle|regular|shapegroup|srgb|twosided|uniform'
renderer='mitsuba|drjit'
work=$(mktemp -d)

unpacked() { # NAME, lines of requirements in: their wheels' files into $work/NAME/site
    mkdir -p "$work/$1/site"
    cat > "$work/$1.txt"
    python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 --implementation cp \
        --platform manylinux2014_x86_64 --platform manylinux_2_28_x86_64 --dest "$work/$1/wheels" -r "$work/$1.txt"
    for wheel in "$work/$1"/wheels/*.whl; do
        python3 -m zipfile -e "$wheel" "$work/$1/site"
    done
    cd "$work/$1/site"
}

packed() { # NAME, FILE
    cd - > /dev/null
    find "$work/$1/site" -name '*.so*' -type f -exec strip --strip-unneeded {} + || true
    tar -C "$work/$1" -cf - site | xz --x86 --lzma2=preset=9 > "$2"
    ls -lh "$2"
}

python3 -m uv pip compile --quiet --no-header --no-annotate --python-version 3.12 --extra render pyproject.toml \
    > "$work/all.txt"
unpacked program < <(grep -vE "^($there|$unused|$renderer)==" "$work/all.txt")
rm -rf ray/jars ray/rllib ray/llm ray/serve ray/thirdparty_files/virtualenv* cryptography* virtualenv* distlib*
# The dashboard's folder must be there; its files need not.
find ray/dashboard/client/build/static -type f -delete
mkdir -p ray/dashboard/client/build/static && touch ray/dashboard/client/build/static/empty
strip --strip-unneeded ray/core/src/ray/gcs/gcs_server ray/core/src/ray/raylet/raylet
chmod +x ray/core/src/ray/gcs/gcs_server ray/core/src/ray/raylet/raylet
packed program benchmarks/gpu/packed.tar.xz

unpacked renderer < <(grep -E "^($renderer)==" "$work/all.txt")
rm -rf mitsuba/{*spectral*,*mono*,llvm*,include,data/srgb.coeff,data/sunsky,mitsuba} drjit/include
find mitsuba/plugins -type f | grep -vE "/($plugins)\.so$" | xargs rm
packed renderer benchmarks/gpu/packed-renderer.tar.xz
rm -rf "$work"
