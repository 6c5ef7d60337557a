import pytest
import torch

from ablate import plugins
from ablate.augment.recipes import AFTER_AUGMENT, BEFORE_AUGMENT, LOOKS_AT, ON_SYNTHETIC
from ablate.config import Recipe, fields_of
from tests.augment.recipes import samples

STRENGTHS = {"paste": 0.5, "geometric": 1.0, "photometric": 1.0, "fda": 0.1, "pasta": 3.0}
SIZES = [(24, 17), (37, 53), (8, 8), (48, 64)]


@pytest.fixture(params=sorted(STRENGTHS))
def name(request):
    return request.param


def build(name, height=24, width=17):
    photographs = samples.Photographs(height=height, width=width)
    return plugins.load("ablate.augment.recipes", name, "trial").build(STRENGTHS[name], photographs)


def test_the_modules_are_the_names_and_the_fields():
    names = plugins.names("ablate.augment.recipes")
    assert (
        sorted(names)
        == sorted(ON_SYNTHETIC + BEFORE_AUGMENT + AFTER_AUGMENT)
        == sorted(fields_of(Recipe))
        == sorted(STRENGTHS)
    )


@pytest.mark.parametrize("none", [None, samples.Photographs(count=0)], ids=["none", "empty"])
def test_those_that_look_at_photographs_refuse_to_go_without(name, none):
    module = plugins.load("ablate.augment.recipes", name, "trial")
    if name not in LOOKS_AT:
        module.build(STRENGTHS[name], none)
        return
    with pytest.raises(ValueError, match="photographs"):
        module.build(STRENGTHS[name], none)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("count", [1, 4])
def test_shape_dtype_and_range_are_kept(name, size, count):
    augmentation, before = build(name, *size), samples.batch(count, *size)
    for seed in range(10):
        torch.manual_seed(seed)
        image_b3hw, mask_b1hw = augmentation(*samples.batch(count, *size))
        assert (image_b3hw.shape, mask_b1hw.shape) == (before[0].shape, before[1].shape)
        assert image_b3hw.dtype == mask_b1hw.dtype == torch.float32
        assert torch.isfinite(image_b3hw).all()
        assert 0 <= image_b3hw.min() <= image_b3hw.max() <= 1
        assert ((mask_b1hw == 0) | (mask_b1hw == 1)).all()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_flat_image_at_an_end_of_the_range_stays_within_it(name, value):
    image_b3hw, mask_b1hw = samples.batch()
    for seed in range(10):
        torch.manual_seed(seed)
        changed_b3hw, _ = build(name)(torch.full_like(image_b3hw, value), mask_b1hw)
        assert torch.isfinite(changed_b3hw).all()
        assert 0 <= changed_b3hw.min() <= changed_b3hw.max() <= 1


def test_the_batch_that_is_given_stays_as_it_is(name):
    given = samples.batch()
    build(name)(*given)
    assert all(torch.equal(after, before) for after, before in zip(given, samples.batch(), strict=True))


def test_the_global_seed_decides_the_result(name):
    results = []
    for seed in (4, 4, 5):
        augmentation = build(name)
        torch.manual_seed(seed)
        results.append(augmentation(*samples.batch()))
    (image, mask), (image_again, mask_again), (another, _) = results
    assert torch.equal(image, image_again)
    assert torch.equal(mask, mask_again)
    assert not torch.equal(image, another)


def test_images_of_a_batch_change_in_different_ways(name):
    image_b3hw, mask_b1hw = (each[:1].expand(16, -1, -1, -1) for each in samples.batch())
    torch.manual_seed(0)
    changed_b3hw, _ = build(name)(image_b3hw, mask_b1hw)
    assert len(torch.unique(changed_b3hw, dim=0)) >= 5


def test_the_layout_in_memory_changes_nothing(name):
    results = []
    for layout in (torch.contiguous_format, torch.channels_last):
        torch.manual_seed(0)
        given = (each.contiguous(memory_format=layout) for each in samples.batch(4, 37, 53))
        results.append(build(name, 37, 53)(*given))
    for plain, channels_last in zip(*results, strict=True):
        torch.testing.assert_close(channels_last, plain, rtol=0, atol=1e-5)
