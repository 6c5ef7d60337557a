"""The renderer's command where no renderer is needed: its help, wrong arguments, and a missing extra."""

import shutil
from pathlib import Path

import pytest

from datasets.render import provenance
from datasets.render.request_options import RenderConfig, biomes, species
from tests.command import run

NO_MITSUBA = 'raise ImportError("No module named mitsuba")'


@pytest.fixture
def without_the_extra(tmp_path):
    """Environment variables of a process that cannot import the renderer."""
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "mitsuba.py").write_text(NO_MITSUBA)
    return {"PYTHONPATH": str(tmp_path / "nothing")}


def test_help_lists_everything_without_the_extra(without_the_extra):
    done = run("datasets.render", "--help", **without_the_extra)
    assert done.returncode == 0, done.stderr
    assert {"forest", "arid"} <= set(biomes())
    assert "deer" in species()
    assert f"biomes: {', '.join(biomes())}\nspecies: {', '.join(species())}\n" in done.stdout


@pytest.mark.parametrize(("module", "words"), [("datasets.render", ["to=out"]), ("datasets.inspect", ["data=renders"])])
def test_without_the_extra_one_line_says_what_to_type(without_the_extra, tmp_path, module, words):
    words = [word.replace("out", str(tmp_path / "out")) for word in words]
    done = run(module, *words, ABLATE_CACHE=str(tmp_path / "cache"), **without_the_extra)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "mitsuba" in done.stderr
    assert "uv run --extra render" in done.stderr
    assert "pip install -e '.[render]'" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("biomes=forst", "did you mean 'forest'?"),
        ("biomes=paper,forest", "forest is named twice"),
        ("species=all,deer", "deer is named twice"),
        ("species=dear", "did you mean 'deer'?"),
        ("size=1024", "such as 1024x768"),
        ("size=31x64", "32 to 8192 px"),
        ("size=64x8193", "32 to 8192 px"),
        ("samples=0", "greater than or equal to 1"),
        ("samples=7", "type 8"),
        ("box_area=24", "less than or equal to 1"),
        (f"seed={2**63}", "less than"),
        ("n=0", "greater than or equal to 1"),
        ("extras=depths", "'amodal' or 'depth'"),
        ("sead=1", "did you mean 'seed'?"),
    ],
)
def test_wrong_arguments_are_one_line(tmp_path, word, told):
    done = run("datasets.render", f"to={tmp_path}/out", word)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert word.split("=")[0] in done.stderr
    assert told in done.stderr
    assert not (tmp_path / "out").exists()


def test_biomes_and_species_have_names_for_some_and_for_all_and_no_order():
    assert RenderConfig(to="x").biomes == ("forest",)
    assert RenderConfig(to="x", biomes=("all",)).biomes == biomes()
    assert RenderConfig(to="x", species=("all",)).species == species()
    assert RenderConfig(to="x", biomes=("oak", "arid")) == RenderConfig(to="x", biomes=("arid", "oak"))


@pytest.fixture
def package(tmp_path):
    """A copy of the renderer's code to change."""
    return shutil.copytree(Path(provenance.__file__).parent, tmp_path / "render")


@pytest.mark.parametrize(
    ("name", "text", "other"),
    [
        ("pictures.py", "\nPER_PLACE = 9\n", True),
        ("mesh.py", "\nVERTICES = 3\n", True),
        ("biomes/forest.py", "\nTREES = 3\n", True),
        ("biomes/arid.py", "\nTREES = 3\n", False),
        ("pictures.py", "\n# a comment\n", False),
        ("__main__.py", "\nEND = 3\n", False),
    ],
)
def test_what_the_renderers_code_does_is_told_by_a_digest(package, name, text, other):
    before = provenance.code(("forest",), package)
    (package / name).write_text((package / name).read_text() + text)
    assert (provenance.code(("forest",), package) != before) == other
