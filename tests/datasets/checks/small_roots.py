"""Data roots of a few small pictures, and what inspection prints about them."""

import re

import numpy as np

from ablate.data.manifest import Manifest, write_manifest
from ablate.data.shards import Sample
from datasets import inspect
from datasets.inspect import InspectConfig
from tests.tiny_data import SIDE, jpg, png, write_arm

ANIMAL = (10, 12, 30, 28)  # xyxy


def inspected(capsys, data, to, **fields):
    """What inspection prints about a data root."""
    assert inspect.main(InspectConfig(data=str(data), to=str(to), **fields)) == 0
    return capsys.readouterr().out


def root(path, arms, **fields):
    """A data root of the given samples, by arm and split."""
    written = {arm: write_arm(path, arm, samples) for arm, samples in arms.items()}
    write_manifest(path, Manifest(arms=written, **fields))
    return path


def pixels():
    return np.full((SIDE, SIDE, 3), 90, np.uint8)


def mask(box=ANIMAL):
    mask_hw = np.zeros((SIDE, SIDE), np.uint8)
    mask_hw[box[1] : box[3], box[0] : box[2]] = 255
    return mask_hw


def training(key, animal=ANIMAL, picture=None, **meta):
    known = {"source": key, "window": None, "boxes": [animal], "translator": None}
    return Sample(key, jpg(pixels() if picture is None else picture), png(mask(animal)), known | meta)


def photograph(key, location="1", boxes=(ANIMAL,), **meta):
    labelled = [{"box": box, "category": "deer"} for box in boxes]
    known = {"location": location, "seq_id": f"s-{key}", "captured_at": "2015-06-01T12:00:00", "boxes": labelled}
    known |= {"width": SIDE, "height": SIDE}
    return Sample(key, jpg(pixels()), None, known | meta)


def row(text, start):
    """The cells of the first line that begins with `start`."""
    return re.search(rf"^{start}.*$", text, re.MULTILINE)[0].split()
