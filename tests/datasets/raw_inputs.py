"""Small raw inputs in the real formats, generated: synthetic images with masks, photographs, their JSON."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from datasets.options import Crop, PrepareConfig

SYNTHETIC_WH = (96, 72)
PHOTO_WH = (80, 60)
ORIGINAL_WH = (160, 120)  # what the JSON says: the stored photographs are smaller, as those of CCT-20
CATEGORIES = {34: "deer", 30: "empty", 6: "bobcat"}


def picture(rng, wh, box=None, level=120):
    """An RGB image of coloured noise, with a brighter rectangle where `box` (xyxy) is."""
    image = np.clip(rng.normal((level + 20, level, level - 25), 18, size=(wh[1], wh[0], 3)), 0, 255)
    if box is not None:
        image[box[1] : box[3], box[0] : box[2]] = (225, 190, 130)
    return image.astype(np.uint8)


def save(path: Path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".jpg":
        options = {"quality": 95} | options
    Image.fromarray(pixels).save(path, **options)


def jpg_bytes(pixels, **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95, **options)
    return stream.getvalue()


def synthetic(folder: Path, count=24, seed=0):
    """Images `s000.jpg`, ... with one or two animals each; the masks beside them."""
    rng = np.random.default_rng(seed)
    for index in range(count):
        mask = np.zeros(SYNTHETIC_WH[::-1], dtype=np.uint8)
        for left in (4, 52)[: 1 + index % 2]:
            x, y = left + int(rng.integers(0, 10)), int(rng.integers(0, 40))
            mask[y : y + 24, x : x + 28] = 255
        image = picture(rng, SYNTHETIC_WH)
        image[mask > 0] = (200, 160, 90)
        save(folder / "images" / f"s{index:03d}.jpg", image)
        save(folder / "masks" / f"s{index:03d}.png", mask)


class Survey:
    """Photographs and their JSON, one by one; `write` puts the JSON beside them."""

    def __init__(self, folder: Path, seed=1):
        self.folder, self.rng = folder, np.random.default_rng(seed)
        self.images, self.annotations = [], []

    def add(self, image_id, *, pixels=None, data=None, boxes=((40, 30, 60, 50),), category=34, file=True, **fields):
        """One photograph; `boxes` are xywh in original pixels, None for an annotation without one."""
        image = {
            "id": image_id,
            "file_name": f"{image_id}.jpg",
            "width": ORIGINAL_WH[0],
            "height": ORIGINAL_WH[1],
            "date_captured": "2012-05-08 12:23:36",
            "location": 33,
            "seq_id": f"seq-{image_id}",
            "frame_num": 1,
        } | fields
        self.images.append({key: value for key, value in image.items() if value is not ...})
        for box in boxes:
            annotation = {"id": str(len(self.annotations)), "image_id": image_id, "category_id": category}
            self.annotations.append(annotation | ({} if box is None else {"bbox": list(box)}))
        if file:
            path = self.folder / "photos" / image["file_name"]
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = picture(self.rng, PHOTO_WH) if pixels is None else pixels
            path.write_bytes(jpg_bytes(pixels) if data is None else data)
        return self

    def add_empty(self, image_id, **fields):
        return self.add(image_id, boxes=(None,), category=30, **fields)

    def write(self):
        categories = [{"id": number, "name": name} for number, name in CATEGORIES.items()]
        table = {"info": {}, "images": self.images, "annotations": self.annotations, "categories": categories}
        (self.folder / "annotations.json").write_text(json.dumps(table))


def survey(folder: Path, count=6, empty=3):
    """A survey without pitfalls: `p0`, ... with a deer each, and `e0`, ... without."""
    made = Survey(folder)
    for index in range(count):
        made.add(f"p{index}")
    for index in range(empty):
        made.add_empty(f"e{index}")
    made.write()
    return made


def folder(path: Path) -> Path:
    """A complete raw folder."""
    synthetic(path / "synthetic")
    survey(path)
    return path


def config(raw: Path, to: Path, **fields) -> PrepareConfig:
    given = {
        "synthetic": str(raw / "synthetic"),
        "photos": str(raw / "photos"),
        "annotations": (str(raw / "annotations.json"),),
        "to": str(to),
        "crop": Crop(size=48, min_side=20),
        "workers": 1,
    }
    return PrepareConfig(**(given | fields))
