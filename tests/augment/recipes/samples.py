"""Images, masks and photographs that the recipes' tests share."""

import torch


def batch(count=4, height=24, width=17, seed=1):
    """Noise with both ends of the range, and a rectangle as mask."""
    image_b3hw = torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))
    image_b3hw[:, :, 0], image_b3hw[:, :, 1] = 0, 1
    mask_b1hw = torch.zeros(count, 1, height, width)
    mask_b1hw[:, :, height // 4 : height // 2, width // 4 : width // 2] = 1
    return image_b3hw, mask_b1hw


class Photographs:
    """Noise of one size, another one at each index."""

    def __init__(self, count=5, height=24, width=17):
        self.image_n3hw = torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(2))

    def __len__(self):
        return len(self.image_n3hw)

    def batch(self, index_b, device):
        image_b3hw = self.image_n3hw[index_b].to(device)
        return image_b3hw, torch.full_like(image_b3hw[:, :1], torch.nan)
