"""The training loop. Knows no Ray: it runs epochs, and says what it needs to continue after one.

Epoch e's randomness (order, jitter) comes from (seed, e) alone, so that a training that was stopped and continued is
the one that was never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from ablate.augment.recipes import UNLABELLED
from ablate.config import Execution, TrialConfig
from ablate.data.arrays import Pictures, place
from ablate.data.devices import arithmetic, device_name, precision_used
from ablate.training import frozen_features
from ablate.training.best_epoch import best_epoch
from ablate.training.fitting_batches import FittingBatches
from ablate.training.losses import LOSSES
from ablate.training.mean_teacher import Apart, MeanTeacher
from ablate.training.mean_weights import MeanWeights
from ablate.training.parts import build_augmentation, build_network, build_optimizer, restore_optimizer, set_rate
from ablate.training.step import TrainingStep, choose, logits

EpochRow = dict[str, Any]
State = dict[str, Any]

_TEACHERS_DECAY = 0.99  # where no mean of the weights is scored, whose decay it would have


class NonFiniteLossError(Exception):
    """The loss became infinite or not a number: repeating the training would repeat it."""


class Training:
    """The training of a network: `run_epoch` until `finished`; `state` after an epoch is all it takes to continue."""

    def __init__(
        self,
        config: TrialConfig,
        train: Pictures,
        val: Pictures,
        device: torch.device,
        share: float = 1.0,
        execution: Execution = "auto",
        photographs: Mapping[str, Pictures] = MappingProxyType({}),
    ) -> None:
        """Args:
        train: what `ablate.data.training_sources` leaves of the split; its `train_fraction` is taken here.
        share: of the device's memory that this process was given.
        execution: see `ablate.training.step`.
        photographs: what the training looks at, by its kind (see `identity.looks_at`).
        """
        self.config, self.device = config, device
        self.rows: list[EpochRow] = []
        self.network = build_network(config, device)
        self.best: State | None = None  # weights of the best epoch on the val split, where that is not the last
        self._loss = LOSSES[config.loss]
        self._val_batches = FittingBatches(max(32, config.batch_size))
        train = train.part(config.train_fraction)
        kept = frozen_features.feed(train, val, self.network, config, device, share)
        # A training that works on features looks at no photographs.
        placed = [] if kept else place((train, val, *photographs.values()), device, share)
        seen = dict(zip(photographs, placed[2:], strict=False))
        self._feed = kept or frozen_features.Feed(placed[0], placed[1], config)
        self._train, self._val = self._feed.train, self._feed.val
        decay = config.ema or (_TEACHERS_DECAY if config.adapt != "none" else 0.0)
        self._mean = MeanWeights(self.network, decay) if decay else None
        self._teacher = self._mean_teacher(seen) if config.adapt == "mean_teacher" else None
        augmentation = build_augmentation(config, seen, self._teacher)
        self._reader = self._feed.reader(self._scored)
        self._optimizer = build_optimizer(config, self.network, device)
        chosen = choose(execution, config, device, config.epochs * self._steps)
        learner = self._feed.reader(self.network)
        self._step = TrainingStep(
            Apart(learner) if self._teacher else learner,
            augmentation,
            self._optimizer,
            self._feed.config,
            chosen,
            required=execution != "auto",
        )

    @property
    def execution(self) -> Execution:
        """How its steps are carried out."""
        return self._step.execution

    @property
    def pictures_on(self) -> str:
        """Where the pictures that it trains on lie, and why."""
        return self._train.place

    @property
    def epoch(self) -> int:
        """Finished epochs."""
        return len(self.rows)

    @property
    def finished(self) -> bool:
        return self.epoch >= self.config.epochs

    def run_epoch(self, score_photographs: Callable[[nn.Module], float] | None = None) -> EpochRow:
        """Trains and validates one epoch, and appends its row (columns of `epochs` but the ids).

        Args:
            score_photographs: the oracle, where it is wanted: recorded, never used.

        Raises:
            NonFiniteLossError: the epoch's loss is not finite.
        """
        started = time.perf_counter()
        epoch = self.epoch + 1
        # Kept in case this epoch turns out worse than the one before it, which is the best so far.
        before = _copy(self._scored) if self.epoch and self.best is None else self.best
        with arithmetic(self.config, self.device):
            loss, rate = self._train_epoch(epoch)
            trained = time.perf_counter()
            val_loss, val_iou = self._validate()
        seconds = time.perf_counter() - started
        self.rows.append(
            {
                "epoch": epoch,
                "train_loss": loss,
                "val_loss": val_loss,
                "val_iou": val_iou,
                "oracle_iou": score_photographs(self._scored) if score_photographs else None,
                "learning_rate": rate,
                "seconds": seconds,
                "images_per_second": self._steps * self._batch_size / (trained - started),
                "device": device_name(self.device),
                "precision_used": precision_used(self.config, self.device),
                "execution_used": self.execution,
            }
        )
        self.best = None if best_epoch(self.rows) == epoch else before
        return self.rows[-1]

    def weights(self, selection: str) -> State:
        """The weights after the last epoch, or after the best one on the val split (`best_val`)."""
        return self._scored.state_dict() if selection == "last" or self.best is None else self.best

    def state(self) -> State:
        """Weights, their mean, optimizer, best weights and rows; restored by `restore`, bit for bit."""
        mean = {"mean": self._mean.network.state_dict()} if self._mean is not None else {}
        return mean | {
            "network": self.network.state_dict(),
            "best": self.best,
            "optimizer": self._optimizer.state_dict(),
            "rows": self.rows,
        }

    def restore(self, state: State) -> None:
        """Continues from a `state` of a training of the same network and data, before its own first epoch."""
        self.network.load_state_dict(state["network"])
        if self._mean is not None:
            self._mean.network.load_state_dict(state["mean"])
        restore_optimizer(self._optimizer, state["optimizer"])
        self.best, self.rows = state["best"], list(state["rows"])

    @property
    def _scored(self) -> nn.Module:
        """The network that is validated and scored: of the weights, or of their mean."""
        return self._mean.network if self._mean is not None and self.config.ema else self.network

    def _mean_teacher(self, photographs: Mapping[str, Pictures]) -> MeanTeacher:
        assert self._mean is not None
        teacher = self._mean.network

        def probability(image_b3hw: Tensor) -> Tensor:
            return logits(teacher, image_b3hw, self.config).sigmoid()

        return MeanTeacher(photographs[UNLABELLED], probability, self.config.epochs * self._steps)

    @property
    def _batch_size(self) -> int:
        return min(self.config.batch_size, len(self._train))

    @property
    def _steps(self) -> int:
        # The last, incomplete batch is left out: batch norm has no statistics for a batch of one small picture.
        return len(self._train) // self._batch_size

    def _train_epoch(self, epoch: int) -> tuple[float, float]:
        # Both from (seed, epoch): the order from a generator of its own, the jitter from torch's global one.
        seed = (self.config.seed * 1_000_003 + epoch) % 2**63
        order_n = torch.randperm(len(self._train), generator=torch.Generator().manual_seed(seed))
        torch.manual_seed(seed)
        self.network.train()
        total, rate = torch.zeros((), device=self.device), 0.0
        batches = self._train.feed(order_n[: self._steps * self._batch_size], self._batch_size, self.device)
        for step, batch in enumerate(batches, start=(epoch - 1) * self._steps):
            rate = self._set_rate(step)
            if self._teacher is not None:
                self._teacher.step = step
            total += self._step(*batch)
            if self._mean is not None:
                self._mean.update(step)
        loss = float(total) / self._steps
        if not math.isfinite(loss):
            raise NonFiniteLossError(f"the training loss of epoch {epoch} is {loss}; lower trial.learning_rate")
        return loss, rate

    @torch.inference_mode()
    def _validate(self) -> tuple[float | None, float | None]:
        """Mean loss, and total intersection over total union, on the val split; None without one."""
        self._scored.eval()
        total_3 = torch.zeros(3, dtype=torch.float64, device=self.device)

        def measured(index_b: Tensor) -> Tensor:
            image_b3hw, mask_b1hw = self._val.batch(index_b, self.device)
            logits_b1hw = logits(self._reader, image_b3hw, self._feed.config)
            found, animal = logits_b1hw >= 0, mask_b1hw > 0
            loss = self._loss(logits_b1hw, mask_b1hw).double() * len(index_b)
            return torch.stack([loss, (found & animal).sum().double(), (found | animal).sum().double()])

        for _, loss_shared_union in self._val_batches.each(self._val, measured):
            total_3 += loss_shared_union
        if len(self._val) == 0:
            return None, None
        loss, shared, union = total_3.tolist()
        return loss / len(self._val), shared / union if union else 0.0

    def _set_rate(self, step: int) -> float:
        rate = self.config.learning_rate * rate_factor(self.config, step, self.config.epochs * self._steps)
        set_rate(self._optimizer, rate)
        return rate


def _copy(network: nn.Module) -> State:
    return {name: value.clone() for name, value in network.state_dict().items()}


def rate_factor(config: TrialConfig, step: int, steps: int) -> float:
    """The learning rate at a step (from 0) over its peak: linear warm-up, then constant or half a cosine."""
    warm = round(config.warmup * steps)
    if step < warm:
        return (step + 1) / warm
    if config.schedule == "constant":
        return 1.0
    return 0.5 * (1.0 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
