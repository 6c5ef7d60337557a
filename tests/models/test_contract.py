import math

import pytest
import torch
import torch.nn.functional as F

from ablate import plugins
from ablate.config import OfNetwork, TrialConfig, fields_of

NAMES = plugins.names("ablate.models")
# One of each family of encoders, small ones, and each form of decoder.
ENCODERS = [
    *("tf_efficientnet_lite0", "resnet18", "convnext_atto", "regnetx_002", "mobilenetv3_small_050", "vgg11"),
    *("vit_tiny_patch16_224", "vit_small_patch14_dinov2", "vit_small_patch16_dinov3"),
]
TIMM = [
    *(f"unet_timm {encoder}" for encoder in ENCODERS),
    *("unet_timm resnet18 linear", "unet_timm vit_tiny_patch16_224 linear"),
    *("smp resnet18 unet", "smp tf_efficientnet_lite0 fpn", "smp convnext_atto unetplusplus"),
]


@pytest.fixture(params=[*(name for name in NAMES if name not in {"unet_timm", "smp"}), *TIMM])
def name(request):
    return request.param


def build(name, seed=0, width=8, **fields):
    name, *parts = name.split()
    fields = dict(zip(("encoder", "decoder"), parts, strict=False)) | fields
    fields = TrialConfig(width=width, encoder_weights="none", **fields).model_dump()
    torch.manual_seed(seed)
    module = plugins.load("ablate.models", name, "trial.model")
    return module.build(**{field: fields[field] for field in plugins.reads("ablate.models", name)})


def images(batch, height, width):
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(1))


def bright_squares(scale=1):
    """Four noisy images, each with a bright square somewhere, and the squares' masks, of 32 x `scale` pixels."""
    mask_b1hw = torch.zeros(4, 1, 32, 32)
    for index, corner in enumerate((2, 6, 10, 14)):
        mask_b1hw[index, :, corner : corner + 12, 4 : 4 + 12] = 1
    image_b3hw = 0.3 * images(4, 32, 32) + 0.6 * mask_b1hw
    return F.interpolate(image_b3hw, scale_factor=scale), F.interpolate(mask_b1hw, scale_factor=scale)


def train(network, steps, scale=1):
    image_b3hw, mask_b1hw = bright_squares(scale)
    optimizer = torch.optim.Adam(network.train().parameters(), lr=1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(network(image_b3hw), mask_b1hw).backward()
        optimizer.step()
    return network


def parameter_count(name, width):
    return sum(parameter.numel() for parameter in build(name, width=width).parameters())


def test_discovery_finds_the_known_networks():
    assert {"unet", "unet_resnet50", "segnet", "unet_timm", "smp"} <= set(NAMES)


def test_it_reads_only_fields_of_networks(name):
    fields = plugins.reads("ablate.models", name.split()[0])
    assert fields <= set(fields_of(OfNetwork))
    assert fields & {"width", "encoder"}


@pytest.mark.parametrize("size", [(64, 64), (37, 53), (8, 8), (5, 2), (1, 1)])
@pytest.mark.parametrize("batch", [1, 3])
def test_logits_have_the_size_of_the_image(name, batch, size):
    logits_b1hw = build(name).eval()(images(batch, *size))
    assert logits_b1hw.shape == (batch, 1, *size)
    assert logits_b1hw.dtype == torch.float32
    assert logits_b1hw.isfinite().all()


def test_it_trains_on_an_odd_size_and_a_batch_of_one(name):
    logits_b1hw = build(name).train()(images(1, 37, 53))
    logits_b1hw.sum().backward()
    assert logits_b1hw.shape == (1, 1, 37, 53)


def test_it_learns_where_the_foreground_is(name):
    scale = (
        8 if name.endswith("linear") else 1
    )  # one logit for 16 or 32 pixels cannot follow the edge of a small square
    image_b3hw, mask_b1hw = bright_squares(scale)
    share = mask_b1hw.mean().item()
    blind = -share * math.log(share) - (1 - share) * math.log(1 - share)  # the best loss without looking
    network = train(build(name), steps=60, scale=scale).eval()
    with torch.no_grad():
        loss = F.binary_cross_entropy_with_logits(network(image_b3hw), mask_b1hw).item()
    assert loss < blind / 2


def test_training_moves_every_parameter(name):
    before, after = build(name), train(build(name), steps=3)
    still = [key for key, value in after.named_parameters() if torch.equal(value, before.get_parameter(key))]
    assert not still


def test_a_state_dict_holds_all_that_training_changed(name):
    trained, other = train(build(name), steps=2).eval(), build(name, seed=5).eval()
    other.load_state_dict(trained.state_dict())
    assert torch.equal(other(images(2, 32, 32)), trained(images(2, 32, 32)))


def test_the_seed_decides_the_weights(name):
    first, again, other = build(name).state_dict(), build(name).state_dict(), build(name, seed=1).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize("name", [name for name in NAMES if "encoder" not in plugins.reads("ablate.models", name)])
def test_doubling_the_width_quadruples_the_parameters(name):
    assert parameter_count(name, 16) == pytest.approx(4 * parameter_count(name, 8), rel=0.1)


def test_channels_last_gives_the_same_logits(name):
    network, image_b3hw = build(name).eval(), images(2, 37, 53)
    expected = network(image_b3hw)
    network = network.to(memory_format=torch.channels_last)
    logits_b1hw = network(image_b3hw.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(logits_b1hw, expected, rtol=1e-3, atol=1e-4)


def test_a_bf16_step_in_channels_last_is_finite(name):
    network = build(name).train().to(memory_format=torch.channels_last)
    image_b3hw = images(2, 37, 53).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits_b1hw = network(image_b3hw)
    F.binary_cross_entropy_with_logits(logits_b1hw.float(), torch.zeros(2, 1, 37, 53)).backward()
    assert logits_b1hw.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())
