"""The training of a contrastive translator: one step after the other, and what it takes to go on after one.

Park et al. (ECCV 2020), section 3 and appendix C: `cut` compares the patches of translated source images and of target
images that should not change (identity); `fastcut` only the former, with ten times the weight, and mirrors half of the
source images on their way through the generator and the features of what comes out back (flip equivariance).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from datasets.raw.images import Pixels
from datasets.translate.contrastive.batches import Batch
from datasets.translate.contrastive.networks import Discriminator, Generator, Heads

TEMPERATURE = 0.07  # section 3.2 of the paper
PATCHES = 256
Mode = Literal["cut", "fastcut"]
LAMBDA_NCE = {"cut": 1.0, "fastcut": 10.0}
LOSSES = ("discriminator", "generator", "nce", "identity")
_BETAS = (0.5, 0.999)


class Training:
    """Networks on their way; `step` until enough images are seen."""

    def __init__(
        self, mode: Mode, size: int, width: int, blocks: int, lambda_nce: float, seed: int, device: torch.device
    ) -> None:
        self.size, self.device = size, device
        self.identity, self.equivariant = mode == "cut", mode == "fastcut"
        self.lambda_nce = lambda_nce
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.generator = Generator(width, blocks)
            self.discriminator = Discriminator()
            self.heads = Heads(self.generator.feature_channels)
        for network in self._networks:
            network.to(memory_format=torch.channels_last).to(device)
        self._adams = (
            torch.optim.Adam([*self.generator.parameters(), *self.heads.parameters()], betas=_BETAS),
            torch.optim.Adam(self.discriminator.parameters(), betas=_BETAS),
        )
        self.seen = 0
        self._sums, self._summed = torch.zeros(len(LOSSES), device=device), 0

    @property
    def grids(self) -> list[tuple[int, int]]:
        """Pixels of each of the generator's features, and how many of them are compared."""
        sides = [self.size, self.size, self.size // 2]
        sides += [self.size // 4] * (len(self.generator.feature_channels) - len(sides))
        return [(side * side, min(PATCHES, side * side)) for side in sides]

    def step(self, batch: Batch, learning_rate: float) -> None:
        """One update of the discriminator, then one of the generator and the heads."""
        for adam in self._adams:
            for group in adam.param_groups:
                group["lr"] = learning_rate
        source_b3hw, target_b3hw = (to_tensor(x, self.device) for x in (batch.source_bhw3, batch.target_bhw3))
        flip_b = torch.from_numpy(batch.flip_b).to(self.device)
        positions = [torch.from_numpy(p).to(self.device) for p in batch.positions]
        with autocast(self.device):
            out_b3hw, keys = self._translate(source_b3hw, target_b3hw, flip_b)
        fake_b3hw = out_b3hw[: len(source_b3hw)]
        d_loss = self._learn_to_tell(fake_b3hw.detach(), target_b3hw)
        g_loss, nce_b = self._learn_to_translate(out_b3hw, fake_b3hw, keys, flip_b, positions)
        nce, identity = nce_b[: len(source_b3hw)].mean(), nce_b[len(source_b3hw) :].mean()
        self._sums += torch.stack([d_loss, g_loss, nce, identity if self.identity else torch.zeros_like(nce)])
        self._summed += 1
        self.seen += len(source_b3hw)

    def losses(self) -> dict[str, float]:
        """Means since this was last asked."""
        means = (self._sums / max(1, self._summed)).tolist()
        self._sums, self._summed = torch.zeros_like(self._sums), 0
        return dict(zip(LOSSES, means, strict=True))

    def state(self) -> dict[str, Any]:
        """Weights, optimizers and the images seen; restored by `restore`, bit for bit."""
        return {
            "networks": [network.state_dict() for network in self._networks],
            "adams": [adam.state_dict() for adam in self._adams],
            "seen": self.seen,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from a `state` of a training of the same parameters."""
        for network, weights in zip(self._networks, state["networks"], strict=True):
            network.load_state_dict(weights)
        for adam, values in zip(self._adams, state["adams"], strict=True):
            adam.load_state_dict(values)
        self.seen = state["seen"]

    def finite(self) -> bool:
        """Whether all weights are numbers."""
        weights = [weight for network in self._networks for weight in network.parameters()]
        return bool(torch.stack([weight.detach().isfinite().all() for weight in weights]).all())

    @property
    def _networks(self) -> tuple[nn.Module, ...]:
        return (self.generator, self.discriminator, self.heads)

    def _translate(self, source_b3hw: Tensor, target_b3hw: Tensor, flip_b: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Translated source images, then target images where identity counts; and the features to compare with."""
        if self.equivariant:
            out_b3hw = self.generator(_flip(source_b3hw, flip_b))
            # Second: autocast remembers the weights as it first cast them, and without gradients it would lose these.
            with torch.no_grad():
                return out_b3hw, self.generator.features(source_b3hw)
        given_b3hw = torch.cat([source_b3hw, target_b3hw]) if self.identity else source_b3hw
        # No key is learned through, so that the features on the way are those of a run apart.
        out_b3hw, keys = self.generator.translate(given_b3hw)
        return out_b3hw, [key.detach() for key in keys]

    def _learn_to_tell(self, fake_b3hw: Tensor, target_b3hw: Tensor) -> Tensor:
        adam = self._adams[1]
        with autocast(self.device):
            fake, real = self.discriminator(torch.cat([fake_b3hw, target_b3hw])).chunk(2)
        loss = (least_squares(fake, False) + least_squares(real, True)) / 2
        adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        return loss.detach()

    def _learn_to_translate(
        self, out_b3hw: Tensor, fake_b3hw: Tensor, keys: list[Tensor], flip_b: Tensor, positions: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        adam = self._adams[0]
        self.discriminator.requires_grad_(False)
        with autocast(self.device):
            answers = self.discriminator(fake_b3hw)
            queries = self.generator.features(out_b3hw)
            if self.equivariant:
                queries = [_flip(query, flip_b) for query in queries]
            query_vectors = self.heads(queries, positions)
            with torch.no_grad():
                key_vectors = self.heads(keys, positions)
        self.discriminator.requires_grad_(True)
        adversarial, nce_b = least_squares(answers, True), patch_nce(query_vectors, key_vectors)
        adam.zero_grad(set_to_none=True)
        (adversarial + self.lambda_nce * nce_b.mean()).backward()  # type: ignore[no-untyped-call]
        adam.step()
        return adversarial.detach(), nce_b.detach()


def patch_nce(queries: Sequence[Tensor], keys: Sequence[Tensor], temperature: float = TEMPERATURE) -> Tensor:
    """PatchNCE (equations 2 to 4): how far each patch of an output is from being told to belong to its input's patch.

    The cross entropy of picking, by cosine similarity over the temperature, the key of the same place among the keys
    of all places of the same image. Mean over places and over layers (the paper writes sums).

    Args:
        queries: vectors of length 1 of the output's patches, b p c for each layer.
        keys: those of the input, same shapes; no gradient flows to them.

    Returns:
        The loss of each image, shape (b,); from 0, and near the logarithm of p where nothing is known.
    """
    pairs = zip(queries, keys, strict=True)
    return torch.stack([_picking(query_bpc, key_bpc.detach(), temperature) for query_bpc, key_bpc in pairs]).mean(dim=0)


def _picking(query_bpc: Tensor, key_bpc: Tensor, temperature: float) -> Tensor:
    similarity_bpp = (query_bpc / temperature) @ key_bpc.transpose(1, 2)
    same_p = torch.arange(query_bpc.shape[1], device=query_bpc.device)
    loss_bp = F.cross_entropy(similarity_bpp.transpose(1, 2), same_p.expand(len(query_bpc), -1), reduction="none")
    return loss_bp.mean(dim=1)


def least_squares(answers: Tensor, real: bool) -> Tensor:
    """Mean squared distance of a discriminator's answers from 1 for real images, else from 0 (Mao et al., 2017)."""
    return (answers - 1.0 if real else answers).square().mean()


def rate_factor(seen: int, images: int) -> float:
    """The learning rate over its peak: 1 for the first half of the images, then falling linearly to 0."""
    return min(1.0, 2.0 * (1.0 - seen / images))


def to_tensor(image_bhw3: Pixels, device: torch.device) -> Tensor:
    """Bytes to b3hw in [-1, 1], channels last in memory."""
    bytes_bhw3 = torch.from_numpy(np.ascontiguousarray(image_bhw3))
    if device.type == "cuda":
        bytes_bhw3 = bytes_bhw3.pin_memory()
    return bytes_bhw3.to(device, non_blocking=True).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def to_bytes(image_b3hw: Tensor) -> Pixels:
    """The inverse of `to_tensor`, rounded."""
    image_bhw3 = ((image_b3hw.float() + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
    pixels_bhw3: Pixels = image_bhw3.contiguous().cpu().numpy()
    return pixels_bhw3


def _flip(x_bchw: Tensor, flip_b: Tensor) -> Tensor:
    return torch.where(flip_b[:, None, None, None], x_bchw.flip(-1), x_bchw)


@torch.inference_mode()
def translated(generator: Generator, image_bhw3: Pixels) -> Pixels:
    """The translations of images, uint8 RGB in and out; sides are multiples of 4, at least 8."""
    device = generator.head.weight.device
    with autocast(device):
        return to_bytes(generator(to_tensor(image_bhw3, device)))


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 where a GPU computes; networks run in it, losses do not."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


def accelerator() -> torch.device:
    """The GPU, if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
