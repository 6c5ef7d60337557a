"""What trials read is decoded before they take a GPU: on a Ray that takes this machine for one with a GPU."""

import re
import shutil
from functools import partial

import numpy as np
import pytest
import ray
from rich.console import Console

from ablate import interruption
from ablate.config import Resources, RunConfig, TrialConfig
from ablate.data import root as data
from ablate.data.manifest import Manifest, write_manifest
from ablate.data.shards import Sample
from ablate.errors import UsageError
from ablate.runner import cluster, predecode, preflight
from tests import tiny_data

CONFIGS = [TrialConfig(arm=arm, image_size=24) for arm in ("crop", "i2i")]
READ = ["crop-train", "crop-val", "i2i-train", "i2i-val", "real-empty", "real-test"]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """The folder of the splits that are decoded on nodes of two cores and a GPU."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABLATE_CACHE", str(folder))
        patch.setattr(cluster.ray, "init", partial(ray.init, num_gpus=1))
        patch.setattr(cluster, "usable_cores", lambda: 2)
        yield folder / "decoded"


@pytest.fixture(scope="module")
def nodes(cache):
    """The nodes of a Ray that is up."""
    cluster.connect(dashboard=False)
    yield predecode.gpu_nodes()
    cluster.shutdown()


def decoded(cache):
    return sorted(folder.name.rsplit("-", 3)[0] for folder in cache.glob("*"))


def test_all_that_trials_read_is_decoded_by_all_cores_of_a_node_and_told(tiny_root, nodes, cache):
    told = []
    assert [*nodes.values()] == [2]
    predecode.decode(data.at(str(tiny_root)), CONFIGS, nodes, told.append)
    assert decoded(cache) == READ
    assert [re.sub(r": .* pictures decoded to 24 px in .* s by 2 thread\(s\) on .+", "", line) for line in told] == [
        split.replace("-", "/") for split in READ
    ]
    predecode.decode(data.at(str(tiny_root)), CONFIGS, nodes, told.append)
    assert len(told) == len(READ)  # nothing a second time


def test_a_broken_shard_is_one_line(tmp_path, nodes):
    broken = {"train": [Sample("bad", b"no picture", None, {"source": "one"})]}
    photograph = tiny_data.photograph(np.random.default_rng(0), "one", "34", animal=True)
    arms = {"crop": broken, "i2i": broken, "real": {"test": [photograph]}}
    arms = {arm: tiny_data.write_arm(tmp_path, arm, of_arm) for arm, of_arm in arms.items()}
    write_manifest(tmp_path, Manifest(arms=arms))
    with pytest.raises(UsageError, match=r"^data=/.*: sample bad: the picture cannot be decoded \(on .*\)$"):
        predecode.decode(data.at(str(tmp_path)), CONFIGS, nodes, print)


def test_a_node_that_is_gone_is_told_and_stops_nothing(tiny_root, nodes):
    told = []
    predecode.decode(data.at(str(tiny_root)), CONFIGS, {"0" * 56: 2}, told.append)
    [line] = told
    assert re.fullmatch(rf"not decoded before the trials on node {'0' * 56} \(\w+\): those there .*", line)


def test_it_ends_when_the_command_is_asked_to(tiny_root, nodes, monkeypatch):
    monkeypatch.setattr(interruption._State, "asked", True)
    with pytest.raises(KeyboardInterrupt):
        predecode.decode(data.at(str(tiny_root)), CONFIGS, nodes, print)


@pytest.mark.slow
@pytest.mark.parametrize(("gpu", "there"), [(0.0, []), (None, READ)])
def test_trials_begin_when_all_is_decoded_where_they_occupy_gpus(tiny_root, cache, gpu, there, tmp_path):
    cluster.shutdown()  # the one of `nodes`, if it is up: this test starts its own
    shutil.rmtree(cache, ignore_errors=True)
    run = RunConfig(space="given", trial_resources=Resources(gpu=gpu))
    seen = []
    preflight.with_ray(
        Console(),
        run,
        data.at(str(tiny_root)),
        tmp_path,
        CONFIGS,
        lambda ray, each: seen.append((each, decoded(cache))),
    )
    assert seen == [({"CPU": 1} if gpu == 0 else {"CPU": 2, "GPU": 1}, there)]


def test_an_oracle_s_photographs_are_decoded_too(tiny_root):
    read = predecode._splits(TrialConfig(direction="reverse", oracle=True))
    assert {("real", "test", 480), ("reverse", "test", 480), ("reverse", "empty", 480)} < read
    assert ("real", "test", 480) not in predecode._splits(TrialConfig(direction="reverse"))
