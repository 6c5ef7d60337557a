"""The three networks of Contrastive Unpaired Translation: generator, discriminator, and the heads of its patches.

Park, Efros, Zhang, Zhu: Contrastive Learning for Unpaired Image-to-Image Translation (ECCV 2020), appendix C. The
generator is Johnson et al.'s residual one (2016), the discriminator Isola et al.'s PatchGAN (2017); both take and give
finer grids through small blurs (Zhang: Making Convolutional Networks Shift-Invariant Again, 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEAD_UNITS = 256
SMALLEST_SIDE = 32  # the discriminator then has 2 x 2 answers
_LAST_FEATURE_BLOCK = 5
_SLOPE = 0.2


class Generator(nn.Module):
    """An image to an image of the same shape, b3hw in [-1, 1]; sides are multiples of 4, at least 8.

    A 7x7 convolution, two halvings, `blocks` residual blocks of 4 x `width` channels, two doublings, a 7x7 convolution
    and tanh. 11.4 M parameters at width 64 with 9 blocks.
    """

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.width = width
        self.stem = _Convolution(3, width, 7)
        self.down = nn.ModuleList([_conv(width, 2 * width), _conv(2 * width, 4 * width)])
        self.blocks = nn.ModuleList([_Residual(4 * width) for _ in range(blocks)])
        self.up = nn.ModuleList([_Convolution(4 * width, 2 * width, 3), _Convolution(2 * width, width, 3)])
        self.head = nn.Conv2d(width, 3, 7)
        _initialise(self)

    @property
    def feature_channels(self) -> tuple[int, ...]:
        """Channels of each of `features`."""
        deep = {min(1, len(self.blocks)), min(_LAST_FEATURE_BLOCK, len(self.blocks))}
        return (3, 2 * self.width, 4 * self.width, *(4 * self.width for _ in deep))

    def features(self, image_b3hw: Tensor) -> list[Tensor]:
        """What patches are compared by: layers 0, 4, 8, 12 and 16 of the original's sequence.

        The RGB pixels; the convolutions of both halvings, before their norm, at sides / 1 and / 2; the first and the
        fifth residual block (the last one where there are fewer; not twice where there is one), at sides / 4. They see
        1, 9, 15, 35 and 99 pixels.
        """
        return self._encode(image_b3hw)[0]

    def forward(self, image_b3hw: Tensor) -> Tensor:
        """The translated image."""
        return self.translate(image_b3hw)[0]

    def translate(self, image_b3hw: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The translated image, and the `features` of the given one, which are on the way to it."""
        features, x = self._encode(image_b3hw)
        for block in self.blocks[_LAST_FEATURE_BLOCK:]:
            x = block(x)
        for convolution in self.up:
            # Bilinear doubling is a blur by (1, 3, 3, 1).
            x = convolution(F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False))
        with torch.autocast(x.device.type, enabled=False):  # bfloat16 has fewer steps from -1 to 1 than a byte
            out_b3hw = torch.tanh(self.head(_reflect(x.float(), 3)))
        return out_b3hw, features

    def _encode(self, image_b3hw: Tensor) -> tuple[list[Tensor], Tensor]:
        features, x = [image_b3hw], self.stem(image_b3hw)
        for convolution in self.down:
            x = convolution(x)
            features.append(x)
            x = halve(F.relu(F.instance_norm(x)))
        for number, block in enumerate(self.blocks[:_LAST_FEATURE_BLOCK], start=1):
            x = block(x)
            if number in {1, min(_LAST_FEATURE_BLOCK, len(self.blocks))}:
                features.append(x)
        return features, x


class Discriminator(nn.Module):
    """How real each patch of b3hw images in [-1, 1] looks: b1hw, about 1 for real ones, of sides / 8.

    Each answer sees 70 x 70 pixels as its convolutions go, and 7 more on each side, faintly, through the blurs. 2.8 M
    parameters at width 64.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        channels = (width, 2 * width, 4 * width, 8 * width)
        self.stem = nn.Conv2d(3, width, 4, padding=1)
        self.stages = nn.ModuleList(nn.Conv2d(a, b, 4, padding=1) for a, b in pairwise(channels))
        self.head = nn.Conv2d(8 * width, 1, 4, padding=1)
        _initialise(self)

    def forward(self, image_b3hw: Tensor) -> Tensor:
        x = F.leaky_relu(self.stem(image_b3hw), _SLOPE)
        for stage in self.stages:
            x = F.leaky_relu(F.instance_norm(stage(halve(x))), _SLOPE)
        answer_b1hw: Tensor = self.head(x)
        return answer_b1hw.float()


class Heads(nn.Module):
    """For each of the generator's features a network of two layers, after which patches are compared (section 3.2)."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(c, HEAD_UNITS), nn.ReLU(), nn.Linear(HEAD_UNITS, HEAD_UNITS)) for c in channels
        )
        _initialise(self)

    def forward(self, features: Sequence[Tensor], positions: Sequence[Tensor]) -> list[Tensor]:
        """Vectors of length 1 for the patches at `positions`, b p 256 for each feature, float32.

        Args:
            features: b c h w each.
            positions: indices of pixels in raster order, shape (p,), for each feature.
        """
        # Channels come last in memory, so that no feature is copied as a whole.
        pixels = [feature.permute(0, 2, 3, 1).flatten(1, 2) for feature in features]
        patches = [pixel_bnc.index_select(1, p) for pixel_bnc, p in zip(pixels, positions, strict=True)]
        vectors = [head(patch_bpc).float() for head, patch_bpc in zip(self.heads, patches, strict=True)]
        return [F.normalize(vector_bpc, dim=-1) for vector_bpc in vectors]


def halve(x_bchw: Tensor) -> Tensor:
    """Every other pixel after a blur by (1, 2, 1) / 4 both ways; borders mirrored, sides rounded up."""
    # Two boxes of 2 pixels make (1, 2, 1): no filter to keep, and faster than a convolution by channel.
    return F.avg_pool2d(F.avg_pool2d(_reflect(x_bchw, 1), 2, stride=1), 2, stride=2)


class _Convolution(nn.Module):
    """Convolution with mirrored or, at 3x3, zero borders as in the original; instance norm; ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.mirrored = kernel // 2 if kernel > 3 else 0
        self.convolution = nn.Conv2d(inputs, outputs, kernel, padding=0 if self.mirrored else kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        if self.mirrored:
            x = _reflect(x, self.mirrored)
        return F.relu(F.instance_norm(self.convolution(x)))


class _Residual(nn.Module):
    """Adds two 3x3 convolutions with mirrored borders; no activation after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3)
        self.second = nn.Conv2d(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu(F.instance_norm(self.first(_reflect(x, 1))))
        return x + F.instance_norm(self.second(_reflect(inner, 1)))


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def _reflect(x: Tensor, by: int) -> Tensor:
    return F.pad(x, (by, by, by, by), mode="reflect")


def _initialise(network: nn.Module) -> None:
    """Weights from a normal distribution of deviation 0.02 (as all GANs of this line have them), biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.normal_(module.weight, std=0.02)
            assert module.bias is not None
            nn.init.zeros_(module.bias)
