"""A generated COCO Camera Traps JSON of the full size of Caltech's."""

import json
import re
import time
import uuid
from pathlib import Path

from datasets.raw import camera_traps

N_IMAGES, N_ANNOTATIONS, N_CATEGORIES, N_LOCATIONS = 243_100, 245_118, 22, 140
RULE = camera_traps.Rule(("deer",), range(7, 20))
N_SELECTED = 2_000  # deer with a box at noon; all else is night, another animal, or empty


def write(path: Path) -> None:
    names = ["deer", "empty", *(f"animal {index}" for index in range(N_CATEGORIES - 2))]
    images = [image(index) for index in range(N_IMAGES)]
    annotations = [annotation(index % N_IMAGES, index) for index in range(N_ANNOTATIONS)]
    categories = [{"id": number, "name": name} for number, name in enumerate(names)]
    tables = {"info": {}, "images": images, "annotations": annotations, "categories": categories}
    path.write_text(json.dumps(tables))


def image(index):
    return {
        "id": identity(index),
        "file_name": f"{identity(index)}.jpg",
        "width": 2048,
        "height": 1494,
        "date_captured": f"2013-05-08 {12 if index % 100 == 0 else 3:02d}:23:36",
        "location": index % N_LOCATIONS,
        "seq_id": identity(index // 3 + N_IMAGES),
        "frame_num": 1 + index % 3,
        "seq_num_frames": 3,
        "rights_holder": "nobody",
    }


def annotation(image_index, index):
    deer = image_index % 100 == 0 and image_index < 100 * N_SELECTED
    box = {"bbox": [100.5, 200.25, 300.125, 400.0]} if deer or index % 4 == 0 else {}
    category = 0 if deer else 1 + index % (N_CATEGORIES - 1)
    return {"id": identity(index), "image_id": identity(image_index), "category_id": category} | box


def identity(index):
    return str(uuid.UUID(int=index * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128))


def select(path: str) -> None:
    """Parses and selects; prints how many were selected and the peak memory in MB."""
    began = time.perf_counter()
    listing = camera_traps.read([Path(path)])
    assert len(listing.records) == N_IMAGES
    assert listing.n_annotations == N_ANNOTATIONS
    selected = sum(RULE.split(record) == "test" and RULE.refusal(record) is None for record in listing.records)
    # Not `ru_maxrss`, which also counts what the process that started this one held then.
    [kibibytes] = re.findall(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    print(selected, int(kibibytes) / 2**10)
    assert time.perf_counter() - began < 600  # seconds; only a quadratic parser takes that long
