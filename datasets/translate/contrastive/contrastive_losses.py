"""What a contrastive translator minimises. Park et al. (ECCV 2020), sections 3.1 and 3.2."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

TEMPERATURE = 0.07
PATCHES = 256


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
