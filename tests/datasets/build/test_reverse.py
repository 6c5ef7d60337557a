"""The photographs in the style of the synthetic crops."""

import pytest

from ablate.data import shards
from ablate.errors import UsageError
from datasets import inspect
from datasets.inspect import InspectConfig
from datasets.prepare import prepare
from datasets.raw.images import decode
from tests.datasets import raw_inputs
from tests.datasets.raw_inputs import config, picture
from tests.datasets.translate.test_training_folder import TRANSLATOR


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Raw inputs whose photographs are bluish, unlike the synthetic images."""
    path = tmp_path_factory.mktemp("raw")
    raw_inputs.synthetic(path / "synthetic")
    survey = raw_inputs.Survey(path)
    for index in range(8):
        add = survey.add_empty if index > 5 else survey.add
        add(f"p{index}", pixels=picture(survey.rng, raw_inputs.PHOTO_WH, level=100)[..., ::-1])
    survey.write()
    (path / "shift.py").write_text(TRANSLATOR)
    return path


def made(raw, to, **fields):
    return prepare(config(raw, to, **({"arms": ("crop",), "reverse": True} | fields)), lambda line: None)


def test_only_the_pixels_of_the_photographs_are_translated(raw, tmp_path):
    out = tmp_path / "out"
    manifest = made(raw, out)
    shards.verify(out, manifest, manifest.arms)
    assert set(manifest.arms) == {"crop", "real", "reverse"}
    assert manifest.training_arms() == ["crop"]
    for split in ("test", "empty"):
        real, moved = (list(shards.read(out, manifest, arm, split)) for arm in ("real", "reverse"))
        assert [(s.key, s.mask_png, s.meta) for s in real] == [(s.key, s.mask_png, s.meta) for s in moved]
        for before, after in zip(real, moved, strict=True):
            (red, _, blue), (new_red, _, new_blue) = (
                decode(sample.jpg).image_hw3.mean((0, 1)) for sample in (before, after)
            )
            assert blue > red + 20
            assert new_red > new_blue + 20
    told = manifest.parameters["arms"]["reverse"]
    assert (told["translator"], told["transductive"]) == ("reinhard@style=photo", False)
    assert told["style_crops"]["count"] == manifest.arm("crop").counts["train"]


def test_a_translator_that_learns_from_the_photographs_is_transductive(raw, tmp_path):
    manifest = made(raw, tmp_path / "out", translator=str(raw / "shift.py"))
    assert manifest.transductive("reverse")
    assert manifest.parameters["arms"]["reverse"]["source_photos"]["count"] == 6
    assert (tmp_path / "out.translation" / "reverse" / "sheets" / "sheet.jpg").is_file()


@pytest.mark.slow
def test_the_other_arms_do_not_depend_on_it_nor_it_on_workers_and_shards(raw, tmp_path):
    manifest = made(raw, tmp_path / "one")
    plain = made(raw, tmp_path / "plain", reverse=False)
    spread = made(raw, tmp_path / "two", images_per_shard=3, workers=2)
    digests = {name: arm.digest for name, arm in manifest.arms.items()}
    assert digests == {name: arm.digest for name, arm in spread.arms.items()}
    assert digests.items() > {name: arm.digest for name, arm in plain.arms.items()}.items()


def test_what_is_finished_is_not_translated_again(raw, tmp_path):
    def stop(line):
        if line.startswith("synthetic"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(config(raw, tmp_path / "out", arms=("crop",), reverse=True), stop)
    lines = []
    manifest = prepare(config(raw, tmp_path / "out", arms=("crop",), reverse=True), lines.append)
    assert "reverse: resuming, 2 of 2 chunks were already finished" in lines
    assert manifest == made(raw, tmp_path / "fresh")


def test_its_name_is_taken(raw, tmp_path):
    (tmp_path / "reverse.py").write_text("def samples(source, config, fitted):\n    yield\n")
    with pytest.raises(UsageError, match="the name reverse is taken by reverse=true"):
        made(raw, tmp_path / "out", arms=(str(tmp_path / "reverse.py"),))


def test_inspection_draws_it_and_counts_each_photograph_once(raw, tmp_path, capsys):
    made(raw, tmp_path / "out")
    assert inspect.main(InspectConfig(data=str(tmp_path / "out"), to=str(tmp_path / "sheets"))) == 0
    assert {"real-test.jpg", "reverse-test.jpg"} <= {path.name for path in (tmp_path / "sheets").iterdir()}
    printed = capsys.readouterr().out
    assert "Possible problems (1):\n- no location has 30 test photographs" in printed
    assert any(line.split() == ["33", "6", "6", "0", "2"] for line in printed.splitlines())
