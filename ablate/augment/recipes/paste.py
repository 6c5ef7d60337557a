"""The animal is put onto a photograph without one, where it was: backgrounds are real, and another one each time.

After Dwibedi, Misra, Hebert: Cut, Paste and Learn: Surprisingly Easy Synthesis for Instance Detection (ICCV 2017): the
seam is blended as there; that the animal moves and grows is left to the recipe `geometric`.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ablate.augment import Augmentation
from ablate.augment.recipes import Photographs


def build(strength: float, photographs: Photographs | None) -> Augmentation:
    """New backgrounds; masks are left as they are.

    The seam is two pixels wide, on either side of the mask's edge: there the image counts by the mean of the mask
    over 3 x 3 pixels. A chosen image without an animal becomes the photograph.

    Args:
        strength: the share of images that are changed, in (0, 1].
        photographs: the backgrounds, all equally likely.

    Raises:
        ValueError: there are no photographs.
    """
    if photographs is None or not len(photographs):
        raise ValueError("paste puts animals onto empty photographs, and there are none")

    def augment(image_b3hw: Tensor, mask_b1hw: Tensor) -> tuple[Tensor, Tensor]:
        batch = len(image_b3hw)
        chosen_b = torch.rand(batch) < strength
        photograph_b3hw, _ = photographs.batch(torch.randint(len(photographs), (batch,)), image_b3hw.device)
        # Pixels beyond the border don't count: an animal that reaches it is not faded there.
        weight_b1hw = F.avg_pool2d(mask_b1hw, 3, stride=1, padding=1, count_include_pad=False).to(image_b3hw.dtype)
        pasted_b3hw = torch.lerp(photograph_b3hw.to(image_b3hw.dtype), image_b3hw, weight_b1hw)
        chosen_b111 = chosen_b.view(-1, 1, 1, 1).to(image_b3hw.device, non_blocking=True)
        return torch.where(chosen_b111, pasted_b3hw, image_b3hw), mask_b1hw

    return augment
