"""`python -m benchmarks.prepare [images=20000] [work=DIR]`: datasets.prepare against a plain loop in one process.

Generates synthetic images (512x384 JPEG, one or two animals) and 200 photographs, then writes the arms full, crop (256
px windows) and i2i (reinhard) three ways: a plain loop over the files, `datasets.prepare workers=1`, and `workers=2`.
Same inputs, one after the other in one run; memory is the PSS of all processes of a command.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from ablate.data.manifest import read_manifest
from benchmarks import machine, samples, settings
from datasets import translate
from datasets.translate import Domains, PictureFiles

WH = (512, 384)
CROP = 256
N_PHOTOS = 200


def generate(folder: Path, n_images: int) -> None:
    """Writes the inputs; those that are there stay."""
    for name in ("synthetic/images", "synthetic/masks", "photos"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        list(pool.map(_image, range(n_images), [folder] * n_images, chunksize=100))
        list(pool.map(_photo, range(N_PHOTOS), [folder] * N_PHOTOS, chunksize=50))
    images = [
        {"id": f"p{index}", "file_name": f"p{index}.jpg", "width": WH[0], "height": WH[1], "location": index % 5}
        | {"date_captured": "2012-05-08 12:00:00"}
        for index in range(N_PHOTOS)
    ]
    annotations = [
        {"id": index, "image_id": f"p{index}", "category_id": 0, "bbox": [100, 100, 200, 150]}
        for index in range(N_PHOTOS)
    ]
    tables = {"images": images, "annotations": annotations, "categories": [{"id": 0, "name": "deer"}]}
    (folder / "annotations.json").write_text(json.dumps(tables))


def _image(index: int, folder: Path) -> None:
    image_path = folder / "synthetic" / "images" / f"s{index:06d}.jpg"
    if not image_path.is_file():
        image, mask = samples.picture(index, WH)
        (folder / "synthetic" / "masks" / f"s{index:06d}.png").write_bytes(samples.png(mask))
        image_path.write_bytes(samples.jpg(image))


def _photo(index: int, folder: Path) -> None:
    cv2.imwrite(
        str(folder / "photos" / f"p{index}.jpg"), samples.picture(10**6 + index, WH)[0], [cv2.IMWRITE_JPEG_QUALITY, 95]
    )


def plain_loop(folder: Path, to: Path) -> None:
    """What one would write without this project: the same pictures in the same arms; no checks, no digests."""
    import webdataset as wds

    cv2.setNumThreads(1)
    look = translate.choose("reinhard", ()).fit(
        Domains((), PictureFiles(tuple(sorted((folder / "photos").glob("*.jpg")))))
    )
    with (
        wds.TarWriter(str(to / "full.tar")) as full,
        wds.TarWriter(str(to / "crop.tar")) as crop,
        wds.TarWriter(str(to / "i2i.tar")) as i2i,
    ):
        for image_path in sorted((folder / "synthetic" / "images").iterdir()):
            jpg = image_path.read_bytes()
            image = cv2.cvtColor(cv2.imdecode(np.frombuffer(jpg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
            mask = cv2.imread(str(folder / "synthetic" / "masks" / f"{image_path.stem}.png"), cv2.IMREAD_GRAYSCALE)
            full.write({"__key__": image_path.stem, "jpg": jpg, "mask.png": samples.png(mask), "json": {}})
            count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
            for index in range(1, count):
                x, y, w, h, _ = stats[index].tolist()
                if max(w, h) < 100:
                    continue
                left = max(0, min(x + w // 2 - CROP // 2, WH[0] - CROP))
                top = max(0, min(y + h // 2 - CROP // 2, WH[1] - CROP))
                inside = np.s_[top : top + CROP, left : left + CROP]
                key, png = f"{image_path.stem}-{index}", samples.png(mask[inside])
                rng = np.random.default_rng(index)
                crop.write({"__key__": key, "jpg": _jpg(image[inside]), "mask.png": png, "json": {}})
                translated = look.translate(np.ascontiguousarray(image[inside]), rng)
                i2i.write({"__key__": key, "jpg": _jpg(translated), "mask.png": png, "json": {}})


def _jpg(image_hw3: np.ndarray) -> bytes:
    return samples.jpg(cv2.cvtColor(image_hw3, cv2.COLOR_RGB2BGR))


def _prepare(folder: Path, to: Path, workers: int) -> list[str]:
    inputs = [f"synthetic={folder}/synthetic", f"photos={folder}/photos", f"annotations={folder}/annotations.json"]
    sizes = [f"crop.size={CROP}", "crop.min_side=100"]
    return [sys.executable, "-m", "datasets.prepare", *inputs, f"to={to}", f"workers={workers}", *sizes]


def main(n_images: int, work: Path) -> None:
    result: dict[str, object] = {"machine": machine.describe(), "images": n_images, "image_wh": WH, "crop": CROP}
    began = time.perf_counter()
    generate(work / "raw", n_images)
    print(f"generated {n_images:,} images in {time.perf_counter() - began:.0f} s", flush=True)
    rows: dict[str, dict[str, float]] = {}
    digests = {}
    loop = [sys.executable, "-m", "benchmarks.prepare", "loop", str(work / "raw"), str(work / "loop")]
    for name in ("plain loop", "workers=1", "workers=2"):
        to = work / name.replace(" ", "-")
        shutil.rmtree(to, ignore_errors=True)
        if name == "plain loop":
            (work / "loop").mkdir(exist_ok=True)
            measured = machine.Measured(loop)
        else:
            measured = machine.Measured(_prepare(work / "raw", to, int(name[-1])))
            digests[name] = {arm: about.digest for arm, about in read_manifest(to).arms.items()}
        quarters = [round(measured.peak_of(part / 4, (part + 1) / 4)) for part in range(4)]
        rows[name] = {"seconds": round(measured.seconds, 1), "images_per_second": round(n_images / measured.seconds, 1)}
        rows[name] |= {"peak_mb": round(measured.peak_mb), "peak_mb_by_quarter": quarters}  # type: ignore[dict-item]
        print(f"{name:<12} {rows[name]}", flush=True)
    same = len({json.dumps(one, sort_keys=True) for one in digests.values()}) == 1
    result |= {"runs": rows, "same_digests": same, "digests": digests["workers=1"]}
    print(f"same digests with 1 and 2 workers: {same}")
    (Path(__file__).parent / "results" / "prepare.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["loop"]:
        plain_loop(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        given = settings.given(__doc__)
        with tempfile.TemporaryDirectory(prefix="ablate-benchmark-") as scratch:
            main(int(given.get("images", "20000")), Path(given.get("work", scratch)))
