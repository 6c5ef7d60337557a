"""A translator that trains: what it learns from, what of it outlives a kill, and what is kept."""

import shutil

import numpy as np
import pytest
from rich.console import Console

from ablate.data import shards
from ablate.errors import UsageError
from datasets.arms import Material, crop
from datasets.build import workers
from datasets.build.pipeline import Pipeline
from datasets.build.publishing import ROOT, building
from datasets.prepare import prepare
from datasets.raw import synthetic_images
from datasets.raw.images import decode
from datasets.raw.skipped import SelectionLog
from datasets.translate.domains import style
from tests.datasets import raw_inputs
from tests.datasets.raw_inputs import config

# Learns a shift of colours in four steps, each of which it keeps.
TRANSLATOR = """
from dataclasses import dataclass

import numpy as np
import pydantic

NEEDS_SOURCE = True


class Parameters(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True)


@dataclass(frozen=True)
class Shift:
    by: tuple[float, ...]

    @property
    def digest(self):
        return f"{self.by[0]:.3f}"

    def translate(self, image_hw3, rng):
        return np.clip(image_hw3 + np.array(self.by), 0, 255).astype(np.uint8)


def fit(domains, parameters):
    kept = domains.folder / "checkpoint.npy"
    step = int(np.load(kept)) if kept.is_file() else 0
    domains.report(f"shift: begins at step {step}")
    while step < 4:
        step += 1
        np.save(kept, step)
        (domains.folder / "sheets").mkdir(exist_ok=True)
        (domains.folder / "sheets" / "sheet.jpg").write_bytes(b"a sheet")
        domains.report(f"shift: step {step} of 4")
    means = [np.mean([pictures[i].mean((0, 1)) for i in range(len(pictures))], axis=0)
             for pictures in (domains.source, domains.target)]
    return Shift(tuple((means[1] - means[0]).tolist()))
"""


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    path = raw_inputs.folder(tmp_path_factory.mktemp("raw"))
    (path / "shift.py").write_text(TRANSLATOR)
    return path


def made(raw, to, lines, **fields):
    given = {"arms": ("crop", "i2i"), "translator": str(raw / "shift.py")} | fields
    return prepare(config(raw, to, **given), lines.append)


def test_a_translator_learns_from_the_training_crops_and_samples_tell_its_weights(raw, tmp_path):
    lines = []
    manifest = made(raw, tmp_path / "out", lines)
    crops, translated = (list(shards.read(tmp_path / "out", manifest, arm, "train")) for arm in ("crop", "i2i"))
    before, after = (
        np.mean([decode(sample.jpg).image_hw3.mean((0, 1)) for sample in samples], axis=0)
        for samples in (crops, translated)
    )
    digest = manifest.parameters["arms"]["i2i"]["translator"].partition("#")[2]
    assert abs((after - before)[0] - float(digest)) < 1.5
    assert all(sample.meta["translator"].endswith(f"#{digest}") for sample in translated)
    assert set(manifest.arms) == {"crop", "i2i", "real"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        [*manifest.arms, "manifest.json", "selection.parquet", "skipped.csv"]
    )


def test_a_training_that_was_killed_goes_on(raw, tmp_path):
    lines = []

    def report(line):
        lines.append(line)
        if line == "shift: step 2 of 4":
            raise KeyboardInterrupt

    chosen = config(raw, tmp_path / "out", arms=("i2i",), translator=str(raw / "shift.py"))
    with pytest.raises(KeyboardInterrupt):
        prepare(chosen, report)
    lines.clear()
    manifest = prepare(chosen, lines.append)
    assert "shift: begins at step 2" in lines
    assert "crops to learn from: resuming, 1 of 1 chunks were already finished" in lines
    assert manifest == prepare(
        config(raw, tmp_path / "fresh", arms=("i2i",), translator=chosen.translator), lines.append
    )
    assert lines.count("shift: begins at step 0") == 1


def test_another_seed_does_not_go_on_with_the_training(raw, tmp_path):
    def stop(line):
        if line == "shift: step 2 of 4":
            raise KeyboardInterrupt

    fields = {"arms": ("i2i",), "translator": str(raw / "shift.py")}
    with pytest.raises(KeyboardInterrupt):
        prepare(config(raw, tmp_path / "out", **fields), stop)
    lines = []
    made(raw, tmp_path / "out", lines, seed=1)
    assert "shift: begins at step 0" in lines


def test_sheets_are_kept_beside_the_data_root_and_checkpoints_are_not(raw, tmp_path):
    lines = []
    for _ in range(2):
        made(raw, tmp_path / "out", lines, arms=("crop", "i2i", "i2i_location"))
    kept = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("out.*/**/*") if path.is_file()}
    assert kept == {"out.translation/i2i/sheets/sheet.jpg", "out.translation/i2i_location/33/sheets/sheet.jpg"}
    assert any("out.translation/i2i" in line for line in lines)
    assert not list(tmp_path.glob(".out*"))


def test_crops_to_learn_from_are_those_of_the_training_split_in_any_order(raw, tmp_path):
    chosen = config(raw, tmp_path / "out", images_per_shard=5)
    pairs, total = synthetic_images.pairs(chosen, SelectionLog())
    expected = [
        one.image_hw3
        for pair in pairs
        if pair.split == "train"
        for one in crop.crops(synthetic_images.judge(pair, chosen)[0], chosen.crop)
    ]
    with building(tmp_path / "out") as folder, workers.started(folder, 1, chosen.ray) as pool:
        pipeline = Pipeline(chosen, folder, pool, print, Console(quiet=True), SelectionLog())
        stored = pipeline.with_crops(Material(style.of_test(())), pairs, total).crops
        assert len(stored) == len(expected) > 20
        for index in (len(stored) - 1, 0, 7, -1):
            assert np.abs(stored[index].astype(int) - expected[index]).mean() < 8
        assert len(list((folder / ROOT / "_sources").iterdir())) > 1


def test_too_many_bad_inputs_stop_before_the_training(raw, tmp_path):
    shutil.copytree(raw, tmp_path / "raw")
    for index in range(3):
        (tmp_path / "raw" / "synthetic" / "images" / f"s{index:03d}.jpg").write_bytes(b"")
    lines = []
    with pytest.raises(UsageError, match="too many bad inputs of kind synthetic"):
        made(tmp_path / "raw", tmp_path / "out", lines)
    assert not any(line.startswith("shift") for line in lines)


def test_no_crop_to_learn_from_is_one_line(raw, tmp_path):
    with pytest.raises(UsageError, match=r"lower crop\.min_side=48"):
        made(raw, tmp_path / "out", [], crop=raw_inputs.Crop(size=48, min_side=48))
