"""Selection on real frames of Caltech Camera Traps, where a folder of them is named."""

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ablate.data import shards
from datasets.prepare import prepare
from datasets.raw import camera_traps
from datasets.raw.skipped import SELECTION
from tests.datasets import raw_inputs

FRAMES = os.environ.get("ABLATE_REAL_FRAMES")
pytestmark = pytest.mark.skipif(
    not FRAMES, reason="ABLATE_REAL_FRAMES does not name a folder with cct24.json, cis_val_annotations.json and images/"
)
CATEGORIES = ("bobcat", "dog", "rabbit", "squirrel")
BY_DAY = {"58a1c9c5", "58a1cbb7", "5a0affdf", "5a0afffa", "5a0b00b8"}
INFRARED = {"5a0affb3", "5a0affe7"}  # the first at 17:28 by its clock, the second at 01:29


def select(tmp_path, hours):
    raw_inputs.synthetic(tmp_path / "synthetic", count=12)
    fields = {"photos": f"{FRAMES}/images", "annotations": (f"{FRAMES}/cct24.json",), "category": CATEGORIES}
    root = tmp_path / "out"
    manifest = prepare(raw_inputs.config(tmp_path, root, hours=hours, **fields), lambda line: None)
    rows = pq.read_table(root / SELECTION).to_pylist()
    reasons = {row["id"][:8]: row["reason"] for row in rows if row["kind"] == "photograph"}
    return list(shards.read(root, manifest, "real", "test")), reasons


@pytest.mark.parametrize("hours", [None, "7-19"])
def test_day_photographs_are_taken_and_infrared_ones_are_not(tmp_path, hours):
    photos, reasons = select(tmp_path, hours)
    assert {photo.key[:8] for photo in photos} == BY_DAY
    assert reasons["5a0affb3"] == "infrared"
    assert reasons["5a0affe7"] == ("outside hours" if hours else "infrared")
    for photo in photos:
        assert photo.jpg == Path(FRAMES, "images", f"{photo.key}.jpg").read_bytes()
        assert (photo.meta["width"], photo.meta["height"]) == (2048, 1494)
        for box in photo.meta["boxes"]:
            x0, y0, x1, y1 = box["box"]
            assert 0 <= x0 < x1 <= 2048
            assert 0 <= y0 < y1 <= 1494


def test_an_official_annotation_file_is_read_whole():
    listing = camera_traps.read([Path(FRAMES) / "cis_val_annotations.json"])
    assert len(listing.records) == 3484
    assert listing.n_annotations == 3582
    assert sum(a.box_xywh is None for record in listing.records for a in record.annotations) == 1819
    assert listing.skipped == ()
    assert all(record.captured_at and record.location and record.seq_id for record in listing.records)
