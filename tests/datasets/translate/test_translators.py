import inspect

import numpy as np
import pytest
from scipy.stats import rankdata

from ablate import plugins
from ablate.errors import UsageError
from datasets import translate
from datasets.translate import Domains, fda, histogram, reinhard
from tests.datasets.raw_inputs import picture

NAMES = plugins.names(translate.PACKAGE)
PHOTOS = [picture(np.random.default_rng(index), (50, 40), level=80 + 20 * index) for index in range(4)]
CROP = picture(np.random.default_rng(9), (32, 48), box=(8, 8, 24, 30))
# Learned translators: as short a training as there can be.
QUICK = {"cut": {"images": 2, "size": 32, "width": 2, "blocks": 1}}
LOOKS = {"cut": 1}


def fitted(name):
    module = plugins.load(translate.PACKAGE, name, "translator")
    return module.fit(Domains(PHOTOS, PHOTOS), module.Parameters(**QUICK.get(name, {})))


def rng(seed=0):
    return np.random.default_rng(seed)


def test_the_known_translators_are_found():
    assert {"reinhard", "fda", "histogram", "cut"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_translator_keeps_shape_and_type_and_leaves_its_input_alone(name):
    before = CROP.copy()
    for image in (CROP, CROP[:17, :31], np.zeros((9, 9, 3), dtype=np.uint8), CROP[:, ::-1]):
        out = fitted(name).translate(image, rng())
        assert (out.shape, out.dtype) == (image.shape, np.uint8)
    assert (before == CROP).all()


@pytest.mark.parametrize("name", NAMES)
def test_chance_comes_from_the_generator_alone(name):
    translator = fitted(name)
    assert (translator.translate(CROP, rng(1)) == translator.translate(CROP, rng(1))).all()
    assert (translator.translate(CROP, rng(1)) == fitted(name).translate(CROP, rng(1))).all()
    looks = {translator.translate(CROP, rng(seed)).tobytes() for seed in range(40)}
    assert len(looks) == LOOKS.get(name, len(PHOTOS))


@pytest.mark.parametrize("name", NAMES)
def test_the_module_follows_the_contract(name):
    module = plugins.load(translate.PACKAGE, name, "translator")
    assert list(inspect.signature(module.fit).parameters) == ["domains", "parameters"]
    assert module.Parameters.model_config["frozen"]
    assert translate.choose(name, []).identity.split("@")[0] == name


def test_identities_tell_parameters():
    assert translate.choose("reinhard", []).identity == "reinhard@style=photo"
    assert translate.choose("fda", []).identity == "fda@beta=0.01"
    assert translate.choose("fda", ["beta=0.05"]).identity == "fda@beta=0.05"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("rheinhard", [], "did you mean 'reinhard'"),
        ("fda", ["betta=1"], "beta"),
        ("fda", ["beta=2"], "less than or equal to 0.5"),
        ("reinhard", ["beta=1"], "no such key"),
        ("reinhard", ["style=none"], "'photo' or 'all'"),
    ],
)
def test_a_wrong_choice_is_one_line(name, options, message):
    with pytest.raises(UsageError, match=message):
        translate.choose(name, options)


def test_a_translator_may_be_a_file(tmp_path):
    path = tmp_path / "darker.py"
    path.write_text(inspect.getsource(reinhard))
    choice = translate.choose(str(path), [])
    assert choice.identity.startswith("darker@")
    path.write_text(inspect.getsource(reinhard) + "\n")
    assert translate.choose(str(path), []).identity != choice.identity


def test_reinhard_gives_each_lab_channel_the_photographs_mean_and_deviation():
    target = PHOTOS[1]
    moved = reinhard.fit(Domains([target], [target]), reinhard.Parameters()).translate(CROP, rng())
    mean, std = reinhard.statistics(reinhard.to_lab(moved))
    target_mean, target_std = reinhard.statistics(reinhard.to_lab(target))
    before, _ = reinhard.statistics(reinhard.to_lab(CROP))
    assert np.abs(mean - target_mean).max() < 1.0  # of 100; clipping and rounding to bytes cost a little
    assert np.abs(std - target_std).max() < 1.0
    assert np.abs(before - target_mean).max() > 3.0


def test_reinhard_can_aim_at_the_mean_look_of_all_photographs():
    looks = [reinhard.statistics(reinhard.to_lab(photo))[0] for photo in PHOTOS]
    translator = reinhard.fit(Domains(PHOTOS, PHOTOS), reinhard.Parameters(style="all"))
    moved = [translator.translate(CROP, rng(seed)) for seed in range(3)]
    assert (moved[0] == moved[1]).all()
    assert (moved[0] == moved[2]).all()
    mean, _ = reinhard.statistics(reinhard.to_lab(moved[0]))
    assert np.abs(mean - np.mean(looks, axis=0)).max() < 1.0


def test_reinhard_towards_itself_changes_nothing_but_rounding():
    moved = reinhard.fit(Domains([CROP], [CROP]), reinhard.Parameters()).translate(CROP, rng())
    assert np.abs(moved.astype(int) - CROP).max() <= 1


def by_ranks(values, targets):
    """Exact histogram matching without bins: each value becomes the target of the same rank."""
    ranks = (rankdata(values) - 0.5) / values.size
    return np.quantile(targets, ranks, method="hazen").reshape(values.shape)


@pytest.mark.parametrize("level", [60, 140])
def test_histogram_matching_equals_ranking_all_pixels(level):
    image, target = picture(rng(1), (48, 36), box=(5, 5, 30, 20)), picture(rng(2), (40, 30), level=level)
    image_lab, target_lab = reinhard.to_lab(image), reinhard.to_lab(target)
    cumulative_3b = histogram.cumulative(target_lab)
    for channel, (limits, width) in enumerate([((0, 100), 100 / 256), ((-128, 128), 1), ((-128, 128), 1)]):
        moved = histogram.matched(image_lab[..., channel], cumulative_3b[channel], limits)
        expected = by_ranks(image_lab[..., channel].ravel(), target_lab[..., channel].ravel())
        # The few pixels at the ends have gaps between them that no bin fills.
        assert np.mean(np.abs(moved.ravel() - expected) <= width) > 0.99


def test_histogram_gives_a_photograph_its_own_colours_back():
    moved = histogram.fit(Domains((), [CROP]), histogram.Parameters()).translate(CROP, rng())
    assert np.abs(moved.astype(int) - CROP).mean() < 1


def test_histogram_can_aim_at_all_photographs_each_counting_alike():
    large = np.tile(PHOTOS[0], (3, 3, 1))
    one, other = (
        histogram.fit(Domains((), photos), histogram.Parameters(style="all")).translate(CROP, rng(seed))
        for seed, photos in enumerate([PHOTOS[:2], [large, PHOTOS[1]]])
    )
    assert (one == other).all()
    assert PHOTOS[0].mean() < one.mean() < PHOTOS[1].mean()


def test_fda_without_a_band_is_the_identity():
    assert (fda.fit(Domains(PHOTOS, PHOTOS), fda.Parameters(beta=0)).translate(CROP, rng()) == CROP).all()


@pytest.mark.parametrize("beta", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("size", [(32, 48), (31, 47)])
def test_fda_changes_only_the_amplitude_of_low_frequencies(beta, size):
    image, style = CROP[: size[0], : size[1]], picture(rng(), size[::-1], level=60)[: size[0], : size[1]]
    image = np.resize(image, (*size, 3))
    before, after = (np.fft.fft2(x, axes=(0, 1)) for x in (image, fda.swap(image, style, beta)))
    wanted = np.abs(np.fft.fft2(style, axes=(0, 1)))
    limit = np.floor(beta * min(size))
    rows, columns = (np.abs(np.fft.fftfreq(side, 1 / side)).round() for side in size)
    low = np.maximum(rows[:, None], columns[None, :]) <= limit
    np.testing.assert_allclose(after[~low], before[~low], atol=1e-6)
    np.testing.assert_allclose(np.abs(after[low]), wanted[low], atol=1e-6)
    turned = np.angle(after[low] * before[low].conj())
    assert np.abs(turned).max() < 1e-6
    assert not np.allclose(np.abs(before[low]), wanted[low])
