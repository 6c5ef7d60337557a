import pytest
import torch

from ablate.models import unet


def test_parameters_at_width_64():
    network = unet.build(width=64)
    assert sum(parameter.numel() for parameter in network.parameters()) == 31_037_633


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        ((64, 64), [(64, 64), (32, 32), (16, 16), (8, 8), (4, 4)]),
        ((37, 53), [(37, 53), (19, 27), (10, 14), (5, 7), (3, 4)]),
    ],
)
def test_each_level_halves_the_size_and_doubles_the_channels(size, sizes):
    network, seen = unet.build(width=4).eval(), []
    for stage in [*network.encoder, *network.decoder]:
        stage.register_forward_hook(lambda _module, _inputs, output: seen.append(tuple(output.shape[1:])))
    network(torch.rand(1, 3, *size))
    levels = [(4 * 2**level, *hw) for level, hw in enumerate(sizes)]
    assert seen == levels + levels[-2::-1]


def test_skips_join_the_upsampled_features_of_their_own_level():
    network, skips, joined = unet.build(width=2).eval(), [], []
    for stage in network.encoder:
        stage.register_forward_hook(lambda _module, _inputs, output: skips.append(output))
    for stage in network.decoder:
        stage.register_forward_pre_hook(lambda _module, inputs: joined.append(inputs[0]))
    network(torch.rand(1, 3, 37, 53))
    for skip, both in zip(reversed(skips[:-1]), joined, strict=True):
        assert torch.equal(both[:, : both.shape[1] // 2], skip)
