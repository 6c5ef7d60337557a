"""A data root of a few coloured ellipses, written through the real writer: small enough to train on in seconds."""

import json
from pathlib import Path

import cv2
import numpy as np

from ablate.data.manifest import REAL, Arm, Manifest, write_manifest
from ablate.data.shards import Sample, ShardWriter, joined

SIDE = 48
TRIAL_DEFAULTS = {
    "image_size": 32,
    "epochs": 2,
    "batch_size": 4,
    "width": 4,
    "encoder_weights": "none",
    "learning_rate": 3e-3,
}


def write(root: Path, train: int = 16, seed: int = 0, trial_defaults: dict | None = None, val: int = 6) -> Path:
    """Writes arms `crop` and `i2i` and photographs at two locations below `root`."""
    rng = np.random.default_rng(seed)
    arms = {}
    for arm in ("crop", "i2i"):
        samples = {
            split: [training_sample(rng, f"{split}{index:03d}") for index in range(count)]
            for split, count in (("train", train), ("val", val))
        }
        arms[arm] = write_arm(root, arm, samples)
    photographs = {
        "test": [photograph(rng, f"photo{index:03d}", "34" if index < 7 else "41", animal=True) for index in range(10)],
        "empty": [photograph(rng, f"empty{index:03d}", "34", animal=False) for index in range(3)],
    }
    arms[REAL] = write_arm(root, REAL, photographs)
    write_manifest(root, Manifest(arms=arms, trial_defaults=TRIAL_DEFAULTS | (trial_defaults or {})))
    return root


def write_arm(root: Path, arm: str, samples: dict[str, list[Sample]], per_shard: int = 1000) -> Arm:
    """Writes the samples of each split into shards of at most `per_shard`."""
    written = []
    for split, of_split in samples.items():
        for number, start in enumerate(range(0, len(of_split), per_shard)):
            with ShardWriter(root, arm, split, number) as writer:
                for sample in of_split[start : start + per_shard]:
                    writer.add(sample)
            written.append(writer.written)
    return joined(written)


def picture(rng: np.random.Generator, animal: bool) -> tuple[np.ndarray, np.ndarray]:
    """An RGB picture with or without a bright ellipse, and its mask, both uint8."""
    image = rng.integers(30, 110, size=(SIDE, SIDE, 3), dtype=np.uint8)
    mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
    if animal:
        centre = [int(value) for value in rng.integers(12, SIDE - 12, size=2)]
        cv2.ellipse(mask, centre, (10, 7), float(rng.uniform(0, 180)), 0, 360, 255, -1)
        image[mask > 0] = (200, 150, 90)
    return image, mask


def training_sample(rng: np.random.Generator, key: str) -> Sample:
    image, mask = picture(rng, animal=True)
    meta = {"source": key, "window": None, "boxes": [], "translator": None}
    return Sample(key, jpg(image), png(mask), meta)


def photograph(rng: np.random.Generator, key: str, location: str, animal: bool) -> Sample:
    image, mask = picture(rng, animal)
    x, y, w, h = cv2.boundingRect(mask)
    meta = {
        "image_id": key,
        "location": location,
        "seq_id": f"seq-{key[-3:-1]}",
        "frame_num": 1,
        "captured_at": "2015-06-01T12:00:00",
        "width": SIDE,
        "height": SIDE,
        "boxes": [{"box": [x, y, x + w, y + h], "category": "deer"}] if animal else [],
    }
    return Sample(key, jpg(image), png(mask) if animal else None, json.loads(json.dumps(meta)))


def jpg(image: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def png(mask: np.ndarray) -> bytes:
    return cv2.imencode(".png", mask)[1].tobytes()
