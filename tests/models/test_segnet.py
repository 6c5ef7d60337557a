import torch
import torch.nn.functional as F

from ablate.models import segnet


def test_parameters_at_width_64():
    network = segnet.build(width=64)
    assert sum(parameter.numel() for parameter in network.parameters()) == 29_435_649


def test_the_encoder_has_the_convolutions_of_vgg16():
    network = segnet.build(width=64)
    outputs = [module.out_channels for module in network.encoder.modules() if isinstance(module, torch.nn.Conv2d)]
    assert outputs == [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6


def test_unpooling_puts_features_where_the_encoder_found_its_maxima():
    torch.manual_seed(0)
    network, encoded, raised = segnet.build(width=4).eval(), [], []
    for stage in network.encoder:
        stage.register_forward_hook(lambda _module, _inputs, output: encoded.append(output))
    for stage in network.decoder:
        stage.register_forward_pre_hook(lambda _module, inputs: raised.append(inputs[0]))
    network(torch.rand(2, 3, 37, 53))

    maxima = []
    for features in encoded:
        height, width = features.shape[-2:]
        padded = F.pad(features, (0, width % 2, 0, height % 2), value=-1)
        windows = padded.unfold(2, 2, 2).unfold(3, 2, 2).amax((-2, -1))
        each = windows.repeat_interleave(2, 2).repeat_interleave(2, 3)[..., :height, :width]
        maxima.append(features == each)
    for is_maximum, features in zip(reversed(maxima), raised, strict=True):
        assert features.shape == is_maximum.shape
        assert features.any()
        assert not features[~is_maximum].any()
    # At the bottom nothing lies between pooling and unpooling: the maxima themselves come back.
    torch.testing.assert_close(raised[0], encoded[-1] * maxima[-1])
