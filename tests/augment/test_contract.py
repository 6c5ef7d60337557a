import pytest
import torch

from ablate import plugins
from ablate.config import OfAugmentation, TrialConfig, fields_of

NAMES = plugins.names("ablate.augment")


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def build(name):
    module = plugins.load("ablate.augment", name, "trial.augment")
    config = TrialConfig()
    return module.build(**{field: getattr(config, field) for field in plugins.reads("ablate.augment", name)})


def batch():
    generator = torch.Generator().manual_seed(1)
    image_b3hw = torch.rand(3, 3, 24, 17, generator=generator)
    mask_b1hw = (torch.rand(3, 1, 24, 17, generator=generator) > 0.5).float()
    image_b3hw[:, :, 0], image_b3hw[:, :, 1] = 0, 1  # the ends of the range
    return image_b3hw, mask_b1hw


def test_discovery_finds_the_known_augmentations():
    assert {"none", "jitter"} <= set(NAMES)


def test_it_reads_only_fields_of_augmentations(name):
    assert plugins.reads("ablate.augment", name) <= set(fields_of(OfAugmentation))


def test_shape_dtype_and_range_are_kept(name):
    before, augmentation = batch(), build(name)
    for seed in range(10):
        torch.manual_seed(seed)
        for after, given in zip(augmentation(*batch()), before, strict=True):
            assert after.shape == given.shape
            assert after.dtype == given.dtype
            assert 0 <= after.min() <= after.max() <= 1


def test_the_batch_that_is_given_stays_as_it_is(name):
    given = batch()
    build(name)(*given)
    assert all(torch.equal(after, before) for after, before in zip(given, batch(), strict=True))


def test_the_global_seed_decides_the_result(name):
    results = []
    for _ in range(2):
        augmentation = build(name)
        torch.manual_seed(4)
        results.append(augmentation(*batch()))
    (image, mask), (image_again, mask_again) = results
    assert torch.equal(image, image_again)
    assert torch.equal(mask, mask_again)
