"""Prepare and run on real frames of Caltech Camera Traps with the demo's synthetic images, as a user would."""

import os
import re
from pathlib import Path

import pytest

from ablate.results.reader import read_rows
from tests.command import ROOT, run

FRAMES = os.environ.get("ABLATE_REAL_FRAMES")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FRAMES, reason="ABLATE_REAL_FRAMES names no folder with cct24.json and images/"),
]


def test_smoke_scores_the_real_photographs(tmp_path):
    root, out = tmp_path / "root", tmp_path / "results"
    prepared = run(
        "datasets.prepare",
        f"synthetic={ROOT / 'datasets' / 'demo' / 'synthetic'}",
        f"photos={FRAMES}/images",
        f"annotations={FRAMES}/cct24.json",
        "category=bobcat,dog,rabbit,squirrel",
        "hours=7-19",
        "crop.size=96",
        "crop.min_side=20",
        f"to={root}",
    )
    assert prepared.returncode == 0, prepared.stdout + prepared.stderr
    done = run("ablate.run", "space=smoke", "trial.epochs=1", f"data={root}", f"out={out}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No location reaches 30 photographs" in re.sub(r"\s+", " ", done.stdout)
    rows = read_rows(out, "images").to_pandas()
    real = {path.stem for path in Path(str(FRAMES), "images").iterdir()}
    assert set(rows["image_id"]) <= real
    assert rows.loc[rows["iou"].notna(), "image_id"].nunique() == 5
