"""Ids, digests and results that a change of the code's structure must leave as they are."""

import hashlib
import json
import platform
from pathlib import Path

import pytest
import torch

from ablate.config import RunConfig
from ablate.data.manifest import read_manifest
from ablate.results.reader import read_rows
from ablate.runner import plan as planning
from ablate.spaces.loader import load_space
from datasets import embedded
from tests.command import run

GOLDEN = Path(__file__).parent / "golden"
OF_PHOTOGRAPHS = ["image_id", "location", "seq_id", "captured_at", "width", "height", "true_boxes"]
OF_PREDICTIONS = ["image_id", "pred_box", "n_components", "foreground", "largest", "outcome"]
# Other CPUs round otherwise, and training carries that on; another protocol is further away than this.
TOLERANCE = {True: 1e-3, False: 0.15}


def golden(name):
    return json.loads((GOLDEN / f"{name}.json").read_text())


def machine():
    """What decides how numbers are rounded."""
    lines = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    cpu = {name.strip(): value.strip() for name, value in lines.items()}
    model = [cpu.get(name, "") for name in ("model name", "cpu family", "model")]
    return " ".join([platform.machine(), *model, torch.backends.cpu.get_cpu_capability(), "torch", torch.__version__])


def digest(frame, columns):
    rows = frame.sort_values("image_id")[columns].to_json(orient="values", date_format="iso", double_precision=9)
    return hashlib.sha256(rows.encode()).hexdigest()[:16]


def summary(out):
    """What is compared: by trial, who it is, the photographs, what was found on them, and mean scores."""
    found = {}
    for row in read_rows(out, "trials").to_pylist():
        images = read_rows(out, "images", [row["trial"]]).to_pandas()
        found[row["trial"]] = {
            **{name: row[name] for name in ("training", "name", "arm_digest", "photos_digest", "epoch")},
            "rows": len(images),
            "photographs": digest(images, OF_PHOTOGRAPHS),
            "predictions": digest(images, OF_PREDICTIONS),
            "iou": images["iou"].mean(),
            "val_iou": row["val_iou"],
        }
    return {"machine": machine(), "trials": found}


@pytest.mark.slow
def test_smoke_gives_the_results_that_it_has_always_given(tmp_path):
    done = run("ablate.run", "space=smoke", f"out={tmp_path}")
    assert done.returncode == 0, done.stdout + done.stderr
    found, expected = summary(tmp_path), golden("smoke")
    alike = found["machine"] == expected["machine"]
    assert found["trials"].keys() == expected["trials"].keys()
    for trial, known in expected["trials"].items():
        scores = {name: pytest.approx(known[name], abs=TOLERANCE[alike]) for name in ("iou", "val_iou")}
        predictions = {} if alike else {"predictions": found["trials"][trial]["predictions"]}
        assert found["trials"][trial] == known | scores | predictions
    counted = run("ablate.query", f"out={tmp_path}", "SELECT count(*) FROM images")
    assert str(sum(known["rows"] for known in expected["trials"].values())) in counted.stdout


@pytest.fixture(scope="module")
def demo():
    """The demo's manifest."""
    return read_manifest(embedded.root("demo", lambda line: None))


def test_the_demo_has_the_bytes_that_it_has_always_had(demo):
    assert {name: arm.digest for name, arm in demo.arms.items()} == golden("demo")["arms"]


def test_the_trials_of_the_papers_grid_on_the_demo_are_those_that_they_have_always_been(demo):
    space = load_space("paper_grid")
    trials = planning.plan(RunConfig(space="paper_grid"), space, demo)
    assert {one.name: [one.training, one.trial] for one in trials} == golden("demo")["paper_grid"]
