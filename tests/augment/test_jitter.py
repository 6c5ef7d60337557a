import pytest
import torch
from kornia.augmentation import ColorJitter
from torchvision.transforms.functional import adjust_brightness, adjust_contrast, adjust_hue, adjust_saturation

from ablate.augment import jitter

PAPER = {
    "jitter_brightness": 0.4,
    "jitter_contrast": 0.4,
    "jitter_saturation": 0.4,
    "jitter_hue": 0.1,
    "jitter_probability": 1.0,
}
STRONGEST = dict.fromkeys(PAPER, 1.0) | {"jitter_hue": 0.5}
STEPS = (  # in the order of Kornia's numbering
    ("brightness_factor", adjust_brightness),
    ("contrast_factor", adjust_contrast),
    ("saturation_factor", adjust_saturation),
    ("hue_factor", adjust_hue),
)
MASK = torch.zeros(1, 1, 1, 1)


def pictures(batch):
    """Eight-bit noise with stripes of grey, black, white and pure red, where hue and saturation are degenerate."""
    generator = torch.Generator().manual_seed(2)
    image_b3hw = torch.randint(0, 256, (batch, 3, 16, 20), generator=generator) / 255
    image_b3hw[:, :, 0] = image_b3hw[:, :1, 0]
    image_b3hw[:, :, 1], image_b3hw[:, :, 2] = 0, 1
    image_b3hw[:, :, 3] = torch.tensor([1.0, 0, 0])[:, None]
    return image_b3hw


def as_torchvision(image_b3hw, strengths):
    """What torchvision makes of the images with the factors and the order that the global generator gives Kornia."""
    *factors, probability = strengths.values()
    drawn = ColorJitter(*factors, p=probability).forward_parameters(image_b3hw.shape)
    result = []
    for index, image in enumerate(image_b3hw):
        changed = image
        for step in drawn["order"].tolist():
            factor, adjust = STEPS[step]
            changed = adjust(changed, drawn[factor][index].item())
        result.append(changed)
    return torch.stack(result)


@pytest.mark.parametrize("strengths", [PAPER, STRONGEST], ids=["paper", "strongest"])
def test_it_equals_torchvision(strengths):
    image_b3hw, augmentation = pictures(4), jitter.build(**strengths)
    for seed in range(100):
        torch.manual_seed(seed)
        expected = as_torchvision(image_b3hw, strengths)
        torch.manual_seed(seed)
        changed, _ = augmentation(image_b3hw, MASK)
        torch.testing.assert_close(changed, expected, rtol=0, atol=1 / 255)


def test_each_image_gets_its_own_factors():
    image_b3hw = pictures(1).expand(8, -1, -1, -1)
    torch.manual_seed(0)
    changed, _ = jitter.build(**PAPER)(image_b3hw, MASK)
    assert len(torch.unique(changed, dim=0)) == 8


def test_the_mask_is_untouched():
    mask_b1hw = torch.rand(4, 1, 16, 20)
    assert jitter.build(**PAPER)(pictures(4), mask_b1hw)[1] is mask_b1hw


def test_no_strength_changes_nothing():
    image_b3hw = pictures(4)
    changed, _ = jitter.build(**dict.fromkeys(PAPER, 0.0) | {"jitter_probability": 1.0})(image_b3hw, MASK)
    assert torch.equal(changed, image_b3hw)


@pytest.mark.parametrize(("probability", "least", "most"), [(0.0, 0, 0), (0.5, 16, 48), (1.0, 64, 64)])
def test_the_probability_is_the_share_of_images_that_change(probability, least, most):
    image_b3hw = pictures(64)
    torch.manual_seed(0)
    changed, _ = jitter.build(**PAPER | {"jitter_probability": probability})(image_b3hw, MASK)
    assert least <= (changed != image_b3hw).flatten(1).any(1).sum() <= most
