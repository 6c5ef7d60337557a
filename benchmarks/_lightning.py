"""The same training as most would write it today: Lightning over a DataLoader of image files, with mixed precision."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import lightning
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader


class Module(lightning.LightningModule):
    """A network with its loss and its optimizer."""

    def __init__(self, network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        super().__init__()
        self.network, self._optimizer = network, optimizer

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        image_b3hw, mask_b1hw = batch
        image_b3hw = image_b3hw.contiguous(memory_format=torch.channels_last)
        return nn.functional.binary_cross_entropy_with_logits(self.network(image_b3hw).float(), mask_b1hw)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self._optimizer


class Turns(lightning.Callback):
    """Trains one epoch whenever it is asked to: a training in a thread of its own that waits between its epochs.

    The DataLoader's workers fetch ahead meanwhile, a few batches that then cost nothing.
    """

    def __init__(self, module: Module, batches: DataLoader[Any], cuda: bool) -> None:
        self._go, self._done = threading.Semaphore(0), threading.Semaphore(0)
        self._images = len(batches) * (batches.batch_size or 1)
        self._error: BaseException | None = None
        trainer = lightning.Trainer(
            max_epochs=-1,
            accelerator="gpu" if cuda else "cpu",
            devices=1,
            precision="bf16-mixed" if cuda else "32-true",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[self],
        )
        threading.Thread(target=self._run, args=(trainer.fit, module, batches), daemon=True).start()

    def _run(self, fit: Callable[..., None], *arguments: object) -> None:
        try:
            fit(*arguments)
        except BaseException as error:  # noqa: BLE001 - raised again where the epoch is waited for
            self._error = error
            self._done.release()

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._go.acquire()

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self._done.release()

    def __call__(self) -> float:
        """Images of the epoch that it has trained."""
        self._go.release()
        self._done.acquire()
        if self._error is not None:
            raise self._error
        return self._images


def smp_unet() -> nn.Module:
    """The U-Net with a ResNet-50 encoder of segmentation_models_pytorch, its weights drawn."""
    import segmentation_models_pytorch as smp

    network: nn.Module = smp.Unet("resnet50", encoder_weights=None)
    return network
