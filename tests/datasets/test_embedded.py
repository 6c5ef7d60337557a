import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import datasets
from ablate.data import shards
from ablate.data.manifest import MANIFEST, read_manifest
from ablate.errors import UsageError
from datasets import demo_looks, embedded
from datasets.prepare import prepare
from search_spaces import translators
from tests.datasets import raw_inputs

SET = """
from datasets.options import Crop, PrepareConfig
from pathlib import Path

HERE = Path(__file__).parent


def config(to):
    return PrepareConfig(
        synthetic=str(HERE / "synthetic"), photos=str(HERE / "photos"), annotations=(str(HERE / "annotations.json"),),
        to=str(to), crop=Crop(size=48, min_side=20), trial_defaults={"epochs": 3},
    )
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """An embedded data set `tiny`, in a folder beside the real package's, and a cache of its own."""
    package = tmp_path / "packages" / "tiny"
    raw_inputs.synthetic(package / "synthetic", count=12)
    raw_inputs.survey(package)
    (package / "__init__.py").write_text(SET)
    monkeypatch.setattr(datasets, "__path__", [*datasets.__path__, str(package.parent)])
    monkeypatch.delitem(sys.modules, "datasets.tiny", raising=False)
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    return package


def build(report=lambda line: None):
    return embedded.root("tiny", report)


def test_an_embedded_set_is_built_once(tiny):
    lines = []
    root = build(lines.append)
    assert read_manifest(root).trial_defaults == {"epochs": 3}
    assert root.parent == tiny.parents[1] / "cache" / "data"
    assert lines
    lines.clear()
    written = (root / MANIFEST).stat().st_mtime_ns
    assert build(lines.append) == root
    assert (root / MANIFEST).stat().st_mtime_ns == written
    assert lines == []


def test_another_raw_file_gives_another_folder(tiny):
    before = build()
    (tiny / "synthetic" / "images" / "s000.jpg").unlink()
    (tiny / "synthetic" / "masks" / "s000.png").unlink()
    assert build() != before
    assert before.is_dir()


def test_python_caches_beside_the_raw_files_change_nothing(tiny):
    before = build()
    (tiny / "__pycache__").mkdir(exist_ok=True)
    (tiny / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert build() == before


def test_a_build_that_died_does_no_harm(tiny):
    root = build()
    shutil.rmtree(root)
    (root.with_name(f".{root.name}.1") / "crop").mkdir(parents=True)
    assert build() == root
    shards.verify(root, read_manifest(root), ["crop"])


def test_two_builders_at_once_leave_one_whole_folder(tiny):
    """Nothing in the build is shared through memory: two threads are to the disk what two processes are."""
    barrier = threading.Barrier(2)

    def start_together(line):
        if "once" in line:
            barrier.wait(timeout=60)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(build, [start_together] * 2)
    assert first == second
    manifest = read_manifest(first)
    shards.verify(first, manifest, manifest.arms)
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def test_a_path_is_the_folder_itself(tiny):
    root = build()
    assert embedded.root(str(root)) == root


def test_a_folder_without_a_manifest_is_an_error(tmp_path):
    with pytest.raises(UsageError, match=r"manifest\.json"):
        embedded.root(str(tmp_path))


def test_an_unknown_name_lists_the_data_sets():
    with pytest.raises(UsageError, match="did you mean 'demo'"):
        embedded.root("dem")


def test_only_packages_that_define_a_config_are_data_sets():
    assert "demo" in embedded.names()
    assert not {"arms", "translate", "render"} & set(embedded.names())


def test_the_demo_can_be_built():
    lines = []
    root = embedded.root("demo", lines.append)
    manifest = read_manifest(root)
    shards.verify(root, manifest, manifest.arms)
    assert {"full", "crop", "i2i", "real"} <= set(manifest.arms)
    assert all(manifest.arm(arm).counts[split] for arm in manifest.arms for split in shards.splits(arm))
    assert manifest.parameters["skipped"] == {}


@pytest.mark.slow
def test_the_demo_in_every_look_has_the_demos_crops_and_all_looks_of_the_space(tmp_path):
    config = demo_looks.config(tmp_path / "looks")
    brief = tuple("cut.images=4" if option.startswith("cut.images") else option for option in config.translator_options)
    manifest = prepare(config.model_copy(update={"translator_options": brief}), lambda line: None)
    demo = read_manifest(embedded.root("demo", lambda line: None))
    assert {name: manifest.arms[name].digest for name in ("crop", "real")} == {
        name: demo.arms[name].digest for name in ("crop", "real")
    }
    assert manifest.arms["reinhard"].digest == demo.arms["i2i"].digest
    assert set(translators.ARMS) <= set(manifest.arms)
    assert all(manifest.transductive(arm) == (arm != "crop") for arm in translators.ARMS)
