"""The usual input: a data set over image files, decoded and jittered by the workers of a PyTorch DataLoader."""

from __future__ import annotations

from pathlib import Path

import cv2
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ablate.config import TrialConfig


class Files(Dataset[tuple[Tensor, Tensor]]):
    """What `samples.write_files` wrote, squashed to the network's size if it is not of it."""

    def __init__(self, folder: Path, config: TrialConfig) -> None:
        self._images, self._masks = (sorted((folder / name).iterdir()) for name in ("images", "masks"))
        self._size = config.image_size
        self._jitter = None
        if config.augment == "jitter":
            from torchvision.transforms import v2

            names = ("brightness", "contrast", "saturation", "hue")
            self._jitter = v2.ColorJitter(*(getattr(config, f"jitter_{name}") for name in names))

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image = cv2.imread(str(self._images[index]), cv2.IMREAD_COLOR_RGB)
        mask = cv2.imread(str(self._masks[index]), cv2.IMREAD_GRAYSCALE)
        assert image is not None
        assert mask is not None
        wh = (self._size, self._size)
        if image.shape[:2] != wh:
            image, mask = cv2.resize(image, wh, interpolation=cv2.INTER_AREA), cv2.resize(mask, wh)
        image_3hw, mask_1hw = torch.from_numpy(image).permute(2, 0, 1).float() / 255, torch.from_numpy(mask)[None]
        return image_3hw if self._jitter is None else self._jitter(image_3hw), (mask_1hw > 127).float()


def loader(folder: Path, config: TrialConfig, workers: int) -> DataLoader[tuple[Tensor, Tensor]]:
    """Shuffled batches of the files; the workers live from one epoch to the next."""
    return DataLoader(
        Files(folder, config),
        config.batch_size,
        shuffle=True,
        num_workers=workers,
        drop_last=True,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
        # OpenCV cannot be set up in a fork of a process in which it has begun threads.
        multiprocessing_context="spawn" if workers else None,
        worker_init_fn=_one_thread,
    )


def _one_thread(worker: int) -> None:
    cv2.setNumThreads(1)
