"""Which arms a user's words name, and what each one's translator is told."""

import shutil

import pytest

from ablate import plugins
from ablate.data import shards
from ablate.errors import UsageError
from datasets import translate
from datasets.build import requested_arms
from datasets.prepare import prepare
from tests.command import ROOT
from tests.datasets.raw_inputs import config, folder


def of(tmp_path, **fields):
    return requested_arms.of(config(tmp_path, tmp_path / "out", **fields))


def identities(tmp_path, **fields):
    return {arm.title: arm.choice.identity if arm.choice else None for arm in of(tmp_path, **fields)}


def test_a_translators_name_is_the_crops_that_it_translated(tmp_path):
    found = identities(tmp_path, arms=("crop", "i2i", "fda", "histogram"), translator="reinhard")
    assert found == {
        "crop": None,
        "i2i": "reinhard@style=photo",
        "fda": "fda@beta=0.01",
        "histogram": "histogram@style=photo",
    }


def test_options_reach_the_translator_whose_name_they_bear(tmp_path):
    options = ("style=all", "fda.beta=0.05", "histogram.style=all")
    found = identities(tmp_path, arms=("i2i", "fda", "reinhard", "histogram"), translator_options=options)
    assert found == {
        "i2i": "reinhard@style=all",
        "fda": "fda@beta=0.05",
        "reinhard": "reinhard@style=all",  # translator= names it too: one translator has one set of options
        "histogram": "histogram@style=all",
    }
    assert identities(tmp_path, arms=("i2i",), translator_options=("reinhard.style=all",)) == {
        "i2i": "reinhard@style=all"
    }


def test_a_translators_file_is_an_arm_too(tmp_path):
    path = shutil.copy(ROOT / "datasets" / "translate" / "fda.py", tmp_path / "mine.py")
    found = identities(tmp_path, arms=(str(path),), translator_options=("mine.beta=0.2",))
    assert found == {"mine": f"{plugins.content(str(path))}@beta=0.2"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"arms": ("hystogram",)}, "arms=hystogram: neither an arm nor a translator; did you mean 'histogram'"),
        ({"arms": ("croop",)}, "did you mean 'crop'.* allowed: .*crop, .*fda, full"),
        ({"translator_options": ("fdda.beta=1",)}, "fdda.beta=1: no translator is called fdda; did you mean 'fda'"),
        ({"translator_options": ("fda.beta=0.1",)}, "no arm uses fda; add it to arms="),
        ({"arms": ("fda",), "translator_options": ("fda.beta=2",)}, "less than or equal to 0.5"),
        ({"arms": ("fda",), "translator_options": ("beta=0.1",)}, "beta=: no such key; .*allowed: style"),
    ],
)
def test_what_cannot_be_understood_is_one_line(tmp_path, fields, message):
    with pytest.raises(UsageError, match=message):
        of(tmp_path, **fields)


def test_every_translators_arm_has_the_keys_and_masks_of_crop(tmp_path):
    names = plugins.names(translate.PACKAGE)
    cheap = tuple(name for name in names if not translate.choose(name, ()).needs_source)
    manifest = prepare(config(folder(tmp_path / "raw"), tmp_path / "out", arms=("crop", *cheap)), lambda line: None)
    content = {
        arm: [
            (split, sample.key, sample.mask_png)
            for split in ("train", "val")
            for sample in shards.read(tmp_path / "out", manifest, arm, split)
        ]
        for arm in ("crop", *cheap)
    }
    assert all(content[name] == content["crop"] for name in cheap)
    assert manifest.parameters["arms"]["fda"]["translator"] == "fda@beta=0.01"
    assert len({manifest.arm(name).digest for name in content}) == len(content)


def test_a_translator_that_needs_no_photographs_takes_no_style(tmp_path):
    path = tmp_path / "darker.py"
    path.write_text(
        "import pydantic\n\nMIN_PHOTOS = 0\n\n\n"
        "class Parameters(pydantic.BaseModel):\n    model_config = pydantic.ConfigDict(frozen=True)\n\n\n"
        "class Darker:\n    def translate(self, image_hw3, rng):\n        return image_hw3 // 2\n\n\n"
        "def fit(domains, parameters):\n    return Darker()\n"
    )
    manifest = prepare(config(folder(tmp_path / "raw"), tmp_path / "out", arms=(str(path),)), lambda line: None)
    told = manifest.parameters["arms"]["darker"]
    assert told == {"translator": plugins.content(str(path)), "style_photos": None, "transductive": False}
