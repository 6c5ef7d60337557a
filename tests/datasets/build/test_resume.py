"""Preparation that is killed, continued, spread over processes, or started twice."""

import errno
import json
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ablate.data import shards
from ablate.errors import UsageError
from datasets.build.publishing import building
from datasets.prepare import prepare
from tests.command import ROOT, run, start
from tests.datasets import raw_inputs
from tests.datasets.raw_inputs import config
from tests.datasets.test_prepare import assert_same

WORDS = ("crop.size=48", "crop.min_side=20", "images_per_shard=10")


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """A raw folder of some hundred images; nobody changes it."""
    folder = tmp_path_factory.mktemp("many")
    raw_inputs.synthetic(folder / "synthetic", count=300)
    raw_inputs.survey(folder, count=60, empty=20)
    return folder


@pytest.fixture(scope="module")
def undisturbed(raw):
    prepare(config(raw, raw / "undisturbed", images_per_shard=10), lambda line: None)
    return raw / "undisturbed"


def words(raw, to, workers):
    inputs = (f"synthetic={raw}/synthetic", f"photos={raw}/photos", f"annotations={raw}/annotations.json")
    return (*inputs, f"to={to}", f"workers={workers}", *WORDS)


def kill_when(process, reached, delay):
    """Kills a command some seconds after `reached()` first holds; false where it had ended by then."""
    while process.poll() is None and not reached():
        time.sleep(0.01)
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        process.kill()
    return process.wait() == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "kills"), [(1, 5), (2, 3)])
def test_killed_at_random_points_it_ends_with_the_same_bytes(raw, undisturbed, tmp_path, workers, kills):
    # The moments are told in records written, so that a fast machine is not done before and a slow one has begun.
    def records():
        return len(list(tmp_path.glob(".out.building/records/*.json")))

    chance = random.Random(workers)
    survived = []  # records that each killed command left for the next one
    while len(survived) < kills:
        more = records() + chance.randint(1, 12)  # of 38
        process = start("datasets.prepare", *words(raw, tmp_path / "out", workers), log=tmp_path / "log")
        if kill_when(process, lambda least=more: records() >= least, delay=chance.uniform(0, 0.5)):
            survived.append(records())
        else:
            assert process.returncode == 0, (tmp_path / "log").read_text()
        if (tmp_path / "out").is_dir():
            assert_same(tmp_path / "out", undisturbed)
            shutil.rmtree(tmp_path / "out")
    assert any(survived)
    done = run("datasets.prepare", *words(raw, tmp_path / "out", workers))
    assert done.returncode == 0, done.stderr
    assert_same(tmp_path / "out", undisturbed)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "out"]


def stop_after(raw, to, n_shards):
    """Prepares until so many lines were said, then stops as by Ctrl-C; what was written stays."""

    def report(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(config(raw, to, images_per_shard=10), report)


def test_what_was_finished_is_not_done_again(raw, undisturbed, tmp_path):
    stop_after(raw, tmp_path / "out", 1)
    records = {path.name: path.stat().st_mtime_ns for path in (tmp_path / ".out.building" / "records").iterdir()}
    assert len(records) == 7  # 60 photographs with an animal, and one location's empty ones
    shard = tmp_path / ".out.building" / "root" / "real" / "test-000003.tar"
    before = shard.stat().st_ino
    lines = []
    prepare(config(raw, tmp_path / "out", images_per_shard=10), lines.append)
    assert "photograph: resuming, 7 of 7 chunks were already finished" in lines
    assert (tmp_path / "out" / "real" / "test-000003.tar").stat().st_ino == before
    assert_same(tmp_path / "out", undisturbed)


def test_other_parameters_or_a_changed_file_are_not_mixed_with_what_was_finished(tmp_path):
    raw = raw_inputs.folder(tmp_path / "raw")
    stop_after(raw, tmp_path / "out", 1)
    raw_inputs.save(raw / "photos" / "p0.jpg", raw_inputs.picture(np.random.default_rng(5), (80, 60)))
    manifest = prepare(config(raw, tmp_path / "out", images_per_shard=10), lambda line: None)
    fresh = prepare(config(raw, tmp_path / "fresh", images_per_shard=10), lambda line: None)
    assert manifest == fresh
    stop_after(raw, tmp_path / "out", 1)
    other = json.loads((raw / "annotations.json").read_text())
    other["annotations"][0]["bbox"] = [10, 10, 20, 20]
    (raw / "annotations.json").write_text(json.dumps(other))
    changed = prepare(config(raw, tmp_path / "out", images_per_shard=10), lambda line: None)
    assert changed.arms["real"].digest != fresh.arms["real"].digest
    boxes = [s.meta["boxes"][0]["box"] for s in shards.read(tmp_path / "out", changed, "real", "test")]
    assert [5.0, 5.0, 15.0, 15.0] in boxes


def damage(folder, name):
    """The shard of a finished chunk replaced, as by a command with other parameters that died before its record."""
    path = folder / "root" / name
    path.write_bytes(path.read_bytes() + bytes(512))


def test_a_shard_that_is_not_the_recorded_one_is_made_again(raw, undisturbed, tmp_path):
    stop_after(raw, tmp_path / "out", 1)
    damage(tmp_path / ".out.building", "real/test-000002.tar")
    lines = []
    prepare(config(raw, tmp_path / "out", images_per_shard=10), lines.append)
    assert "photograph: resuming, 6 of 7 chunks were already finished" in lines
    assert_same(tmp_path / "out", undisturbed)


def test_a_translator_that_keeps_only_the_photographs_names_is_done_again_when_they_change(tmp_path):
    raw = raw_inputs.folder(tmp_path / "raw")
    fields = {"translator": "fda", "images_per_shard": 10}

    def stop_before_the_end(line):
        if line.startswith("synthetic"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(config(raw, tmp_path / "out", **fields), stop_before_the_end)
    for index in range(6):
        pixels = raw_inputs.picture(np.random.default_rng(50 + index), (80, 60), level=150)
        raw_inputs.save(raw / "photos" / f"p{index}.jpg", pixels)
    manifest = prepare(config(raw, tmp_path / "out", **fields), lambda line: None)
    assert manifest == prepare(config(raw, tmp_path / "fresh", **fields), lambda line: None)


def test_a_place_that_cannot_be_moved_loses_nothing(raw, undisturbed, tmp_path, monkeypatch):
    def busy(self, target):
        raise OSError(errno.EBUSY, "Device or resource busy")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", busy)  # as of a mount point
        with pytest.raises(OSError, match="busy"):
            prepare(config(raw, tmp_path / "out", images_per_shard=10), lambda line: None)
    lines = []
    prepare(config(raw, tmp_path / "out", images_per_shard=10), lines.append)
    assert sum("chunks were already finished" in line for line in lines) == 2
    assert_same(tmp_path / "out", undisturbed)


def test_other_tars_and_other_roots_beside_it_are_not_touched(raw, tmp_path):
    old = tmp_path / ".out.v2.deadbeef.old"
    old.mkdir()
    prepare(config(raw, tmp_path / "out", arms=("full",)), lambda line: None)
    (tmp_path / "out" / "full" / "mine.tar").write_bytes(b"precious")
    with pytest.raises(UsageError, match=r"mine\.tar is not a part of the data root"):
        prepare(config(raw, tmp_path / "out"), lambda line: None)
    (tmp_path / "out" / "full" / "mine.tar").unlink()
    prepare(config(raw, tmp_path / "out", arms=("full",)), lambda line: None)
    assert old.is_dir()


def test_a_full_disk_is_one_line_that_names_the_place(raw, tmp_path):
    command = [sys.executable, "-m", "datasets.prepare", *words(raw, tmp_path / "out", 1)]
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # noqa: E731
    done = subprocess.run(command, cwd=ROOT, preexec_fn=limit, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "test-000000.tar" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_place_that_is_being_written_is_not_written_by_a_second_command(raw, tmp_path):
    with building(tmp_path / "out"), pytest.raises(UsageError, match=r"to=.*another datasets\.prepare"):
        prepare(config(raw, tmp_path / "out"), lambda line: None)
