"""The renderer's command as users run it: killed, continued, spread over processes, and its output used."""

import filecmp
import json
import random
import shutil
import signal
import time

import pyarrow.parquet
import pytest

pytest.importorskip("mitsuba", reason="mitsuba is not installed: pip install -e '.[render]'")

from ablate.data.manifest import read_manifest
from ablate.errors import UsageError
from datasets import embedded, renders
from datasets.options import Night, PrepareConfig
from datasets.prepare import prepare
from datasets.render import output_folder, scene_rows
from datasets.render.production import produce
from datasets.render.request_options import PLACE, RenderConfig
from tests.command import run, start
from tests.datasets.build.test_resume import kill_when
from tests.datasets.test_prepare import assert_same, files

N = 20  # pictures of three places, the last one not full
REQUEST = {
    "biomes": ("forest", "arid"),
    "species": ("deer", "cow"),
    "size": "64x48",
    "samples": 1,
    "extras": ("amodal",),
}


def request(to, n=N, **fields):
    return RenderConfig(to=str(to), n=n, **REQUEST | {"workers": 1} | fields)


def words(to, workers, n=N):
    said = {key: ",".join(value) if isinstance(value, tuple) else value for key, value in REQUEST.items()}
    return [f"{key}={value}" for key, value in {"to": to, "n": n, "workers": workers, **said}.items()]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A finished folder that nobody changes."""
    to = tmp_path_factory.mktemp("rendered") / "out"
    produce(request(to))
    return to


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A finished folder of few pictures that nobody changes."""
    to = tmp_path_factory.mktemp("few") / "out"
    produce(request(to, n=2))
    return to


def test_the_command_tells_which_biomes_have_no_picture_and_what_to_type_next(tmp_path):
    done = run("datasets.render", *words(tmp_path / "out", 1, n=1))
    assert done.returncode == 0, done.stderr
    assert "wrote 1 picture to" in done.stdout
    assert "none of forest: 8 pictures share a place; n=16 shows all biomes" in done.stdout
    assert f"next: python -m datasets.prepare synthetic={tmp_path / 'out'} 'place={PLACE}' category=" in done.stdout


def test_the_folder_is_whole(few):
    table = pyarrow.parquet.read_table(few / "scenes.parquet")
    assert table.schema.equals(scene_rows.SCHEMA)
    assert table["number"].to_pylist() == [0, 1]
    names = set(table["name"].to_pylist())
    for kind, suffix in (("images", "jpg"), ("masks", "png"), ("amodal", "png")):
        assert {path.name for path in (few / kind).iterdir()} == {f"{name}.{suffix}" for name in names}
    document = json.loads((few / "annotations.json").read_text())
    assert {image["id"] for image in document["images"]} == names
    assert json.loads((few / "render.json").read_text())["request"]["biomes"] == ["arid", "forest"]


@pytest.mark.slow
def test_a_picture_is_the_same_whatever_n_and_a_folder_can_grow(undisturbed, tmp_path):
    lines = []
    produce(request(tmp_path, n=10))
    found = {name for name in files(tmp_path) if name.startswith(("images/", "masks/", "amodal/"))}
    assert len(found) == 30
    assert all(filecmp.cmp(tmp_path / name, undisturbed / name, shallow=False) for name in found)
    written = (tmp_path / ".records" / "000009.json").stat().st_mtime_ns
    assert produce(request(tmp_path), lines.append).rendered == 10
    assert lines == ["resuming: 10 of 20 pictures were already rendered"]
    assert (tmp_path / ".records" / "000009.json").stat().st_mtime_ns == written
    assert_same(tmp_path, undisturbed)


def test_another_request_and_a_second_command_are_refused(few):
    with pytest.raises(UsageError, match=r"samples=1 \(here: 2\); type samples=1 to continue"):
        produce(request(few, n=2, samples=2))
    with (
        output_folder.opened(few, json.loads((few / "render.json").read_text()), 2),
        pytest.raises(UsageError, match=r"another datasets\.render"),
    ):
        produce(request(few, n=2))


@pytest.mark.slow
def test_prepare_takes_the_pictures_for_training_and_as_photographs(undisturbed, tmp_path):
    config = PrepareConfig(
        synthetic=str(undisturbed),
        place=PLACE,
        photos=str(undisturbed / "images"),
        photo_masks=str(undisturbed / "masks"),
        annotations=(str(undisturbed / "annotations.json"),),
        to=str(tmp_path / "data"),
        category=("deer", "cow"),
        hours=None,
        night=Night(synthetic_luma=0, photo_luma=0, photo_chroma=0),
        arms=("full",),
        max_bad=0,
        workers=1,
    )
    lines = []
    manifest = prepare(config, lines.append)
    inhabited = sum(n > 0 for n in pyarrow.parquet.read_table(undisturbed / "scenes.parquet")["animals"].to_pylist())
    assert sum(manifest.arm("full").counts.values()) == inhabited  # those without an animal train nothing
    assert manifest.arm("real").counts == {"test": inhabited, "empty": N - inhabited}
    assert "2 places in train, 1 in val" in lines[-1]


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "kills"), [(1, 6), (2, 4)])
def test_killed_at_random_points_it_ends_with_the_same_bytes(undisturbed, tmp_path, workers, kills):
    def records():
        return len(list(tmp_path.glob("out/.records/*.json")))

    chance = random.Random(workers)
    survived = []  # records that each killed command left for the next one
    for _ in range(4 * kills):  # some end before they are killed
        if len(survived) == kills:
            break
        more = records() + chance.randint(0, 6)
        process = start("datasets.render", *words(tmp_path / "out", workers), log=tmp_path / "log")
        if kill_when(process, lambda least=more: records() >= least, delay=chance.uniform(0, 1)):
            survived.append(records())
        else:
            assert process.returncode == 0, (tmp_path / "log").read_text()
            assert_same(tmp_path / "out", undisturbed)
            shutil.rmtree(tmp_path / "out")
    assert len(survived) == kills
    assert any(survived)
    done = run("datasets.render", *words(tmp_path / "out", workers))
    assert done.returncode == 0, done.stderr
    assert_same(tmp_path / "out", undisturbed)


@pytest.mark.slow
def test_processes_make_the_same_bytes_and_the_end_says_what_to_type(undisturbed, tmp_path):
    done = run("datasets.render", *words(tmp_path / "out", 2))
    assert done.returncode == 0, done.stderr
    assert_same(tmp_path / "out", undisturbed)
    assert f"wrote {N} pictures to {tmp_path}/out: " in done.stdout
    assert "seconds of a core per picture" in done.stdout
    assert (
        f"python -m datasets.prepare synthetic={tmp_path}/out 'place=(.+_\\d+)_\\d+' category=cow,deer" in done.stdout
    )


@pytest.mark.slow
def test_interrupted_it_says_how_to_continue(undisturbed, tmp_path):
    process = start("datasets.render", *words(tmp_path / "out", 1), log=tmp_path / "log")
    while process.poll() is None and not list(tmp_path.glob("out/.records/*.json")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert (
        (tmp_path / "log")
        .read_text()
        .splitlines()[-1]
        .startswith("python -m datasets.render: interrupted; to continue")
    )
    assert run("datasets.render", *words(tmp_path / "out", 1)).returncode == 0
    assert_same(tmp_path / "out", undisturbed)


@pytest.mark.slow
def test_the_embedded_data_set_renders_once_and_tests_on_the_demos_photographs(tmp_path, monkeypatch):
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path))
    monkeypatch.setattr(renders, "REQUEST", REQUEST | {"n": 24, "size": "256x192", "workers": 1})
    lines = []
    manifest = read_manifest(embedded.root("renders", lines.append))
    demo = read_manifest(embedded.root("demo", lambda line: None))
    assert manifest.arm("real").digest == demo.arm("real").digest
    assert sum(manifest.arm("full").counts.values()) > 0
    assert sum("pictures are rendered into" in line for line in lines) == 1
    lines.clear()
    embedded.root("renders", lines.append)
    assert lines == []
    (folder,) = (tmp_path / "renders").iterdir()
    written = (folder / ".records" / "000000.json").stat().st_mtime_ns
    renders.config(tmp_path / "again", lambda line: None)
    assert (folder / ".records" / "000000.json").stat().st_mtime_ns == written
