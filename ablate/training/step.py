"""One training step: augmentation, forward and backward pass, optimizer; and how a device carries it out.

    eager      one kernel after the other, as PyTorch does by itself
    graph      passes and optimizer recorded once and replayed as a CUDA graph: the host launches one thing a step,
               where a ResNet-50 has a thousand kernels, each of which is over before the next one is launched
    compiled   the same, of a network that `torch.compile` has translated, which merges what lies between convolutions

All three compute the same, up to rounding. The augmentation is never part of the graph: it may draw and decide on the
host in each step, as Kornia's order of operations is drawn.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from ablate import plugins
from ablate.augment import Augmentation, Compilable
from ablate.config import Execution, TrialConfig
from ablate.data.devices import is_out_of_memory, precision_used
from ablate.errors import UsageError
from ablate.training.losses import loss_of

_LOG = logging.getLogger(__name__)

_EAGER_STEPS = 3  # before a recording: cuDNN and the optimizer set up what a graph cannot
_WORTH_COMPILING = 5_000  # steps: compiling takes about a minute
_FLAT = 1e-3  # deviation of an image without content, which stays one


class RecordingError(UsageError):
    """A step cannot be recorded as a CUDA graph. Its process must end: torch's memory on the GPU is in disorder."""


def choose(asked: Execution, config: TrialConfig, device: torch.device, steps: int) -> Execution:
    """How the steps of a training are carried out, where `auto` leaves it open; says why in the log.

    Args:
        steps: of the whole training.

    Raises:
        UsageError: a graph was asked for, and the device has none.
    """
    if device.type != "cuda":
        if asked == "graph":
            raise UsageError("execution=graph: only GPUs have it; type execution=auto, or give the trials a GPU")
        return "eager" if asked == "auto" else asked
    if asked != "auto":
        return asked
    if plugins.is_path(config.model):
        # A graph repeats what Python decided while it was recorded: a network of one's own may decide anew each time.
        _LOG.info("steps run eager, as the network is a file; execution=graph or compiled is faster, if its forward "
                  "pass decides nothing in Python")  # fmt: skip
        return "eager"
    if steps < _WORTH_COMPILING:
        _LOG.info("steps run as a graph, not compiled: %d are too few to compile for", steps)
        return "graph"
    if missing := _missing_compiler():
        _LOG.warning("steps run as a graph, not compiled: there is no %s", missing)
        return "graph"
    return "compiled"


def _missing_compiler() -> str | None:
    if importlib.util.find_spec("triton") is None:
        return "triton"
    found = os.environ.get("CC") or any(map(shutil.which, ("clang", "gcc", "cc")))
    return None if found else "C compiler (gcc), which triton needs"


def logits(network: nn.Module, image_b3hw: Tensor, config: TrialConfig) -> Tensor:
    """The network's logits_b1hw, float32, under the configuration's precision; to be called within `arithmetic`."""
    with autocast(config, image_b3hw.device):
        logits_b1hw: Tensor = network(prepared(image_b3hw, config))
    return logits_b1hw.float()


def prepared(image_b3hw: Tensor, config: TrialConfig) -> Tensor:
    """Images as a network is given them."""
    image_b3hw = standardised(image_b3hw) if config.standardise else image_b3hw
    return image_b3hw.contiguous(memory_format=torch.channels_last)


def autocast(config: TrialConfig, device: torch.device) -> torch.autocast:
    """Within, a network computes in bfloat16 where the configuration's precision means that."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision_used(config, device) == "bfloat16")


def standardised(image_b3hw: Tensor) -> Tensor:
    """Images of mean 0.5 and deviation 0.25 in each channel: what light and exposure differ in is gone."""
    deviation_b311, mean_b311 = torch.std_mean(image_b3hw, dim=(2, 3), keepdim=True)
    return 0.5 + 0.25 * (image_b3hw - mean_b311) / (deviation_b311 + _FLAT)


class TrainingStep:
    """Trains a network by one batch at a time, all of the same shape.

    Attributes:
        execution: how; a network that cannot be compiled runs without where `auto` left it open, and the log says so.
    """

    def __init__(
        self,
        network: nn.Module,
        augmentation: Augmentation,
        optimizer: torch.optim.Optimizer,
        config: TrialConfig,
        execution: Execution,
        required: bool = False,
    ) -> None:
        """Args: required: that it runs in no other way than `execution`."""
        self.execution, self._required = execution, required
        self._network, self._optimizer, self._config = network, optimizer, config
        self._forward, self._augmentation, self._loss = network, augmentation, loss_of(config)
        self._plain = network, augmentation
        self._taken = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._side: torch.cuda.Stream | None = None
        if execution == "compiled":
            torch.compiler.reset()  # what is compiled counts over all trainings of a process, up to a limit
            self._forward = cast(nn.Module, torch.compile(network, dynamic=False))
            if isinstance(augmentation, Compilable):
                self._augmentation = augmentation.compiled()

    @torch.no_grad()
    def __call__(self, image_b3hw: Tensor, mask_b1hw: Tensor) -> Tensor:
        """The loss before the step, a scalar on the device that holds until the next one. The host waits for nothing.

        Args:
            image_b3hw: float32 in [0, 1].
            mask_b1hw: float32, 0 or 1.

        Raises:
            RecordingError: it cannot be recorded as a graph.
        """
        self._taken += 1
        if self._taken == 1 and self.execution == "compiled":
            _LOG.info("compiling the step, which takes about a minute")
            return self._beside(self._compile_and_learn, image_b3hw, mask_b1hw)
        batch = self._augmentation(image_b3hw, mask_b1hw)
        if self.execution == "eager" or not image_b3hw.is_cuda:
            return self._learn(*batch)
        if self._taken <= _EAGER_STEPS:
            return self._beside(self._learn, *batch)
        if self._graph is None:
            self._graph = self._recorded(*batch)
        self._image_b3hw.copy_(batch[0])
        self._mask_b1hw.copy_(batch[1])
        self._graph.replay()
        return self._static_loss

    @torch.enable_grad()
    def _learn(self, image_b3hw: Tensor, mask_b1hw: Tensor) -> Tensor:
        loss = self._loss(logits(self._forward, image_b3hw, self._config), mask_b1hw)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return loss.detach()

    def _compile_and_learn(self, image_b3hw: Tensor, mask_b1hw: Tensor) -> Tensor:
        """The first step, which compiles: where that fails, it is taken as if nothing had been tried."""
        before = {name: each.clone() for name, each in self._network.named_buffers()}
        drawn = torch.get_rng_state()
        drawn_on_gpu = torch.cuda.get_rng_state(image_b3hw.device) if image_b3hw.is_cuda else None
        try:
            return self._learn(*self._augmentation(image_b3hw, mask_b1hw))
        except Exception as error:  # of the compiler, or of the compiler's compiler: they have no common type
            if self._required or is_out_of_memory(error):
                raise
            self.execution = "graph" if image_b3hw.is_cuda else "eager"
            _LOG.warning("the step cannot be compiled (%s); it runs %s", _in_a_line(error), self.execution)
        torch.set_rng_state(drawn)
        if drawn_on_gpu is not None:
            torch.cuda.set_rng_state(drawn_on_gpu, image_b3hw.device)
        for name, buffer in self._network.named_buffers():
            buffer.copy_(before[name])  # statistics of batch norm, which a forward pass may have moved
        self._forward, self._augmentation = self._plain
        return self._learn(*self._augmentation(image_b3hw, mask_b1hw))

    def _beside(self, learn: Callable[[Tensor, Tensor], Tensor], image_b3hw: Tensor, mask_b1hw: Tensor) -> Tensor:
        """A step on another stream than the default one, as CUDA wants those before a recording."""
        if not image_b3hw.is_cuda:
            return learn(image_b3hw, mask_b1hw)
        current = torch.cuda.current_stream()
        self._side = self._side or torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._side.wait_stream(current)
        with torch.cuda.stream(self._side):
            loss = learn(image_b3hw, mask_b1hw)
        current.wait_stream(self._side)
        return loss

    def _recorded(self, image_b3hw: Tensor, mask_b1hw: Tensor) -> torch.cuda.CUDAGraph:
        """Records a step, which is not taken by that."""
        self._image_b3hw, self._mask_b1hw = image_b3hw.clone(), mask_b1hw.clone()
        self._optimizer.zero_grad(set_to_none=True)  # the graph has gradients of its own
        graph = torch.cuda.CUDAGraph()
        try:
            # Other threads may go on copying the next batches meanwhile.
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self._static_loss = self._learn(self._image_b3hw, self._mask_b1hw)
        except RuntimeError as error:
            if is_out_of_memory(error) or is_out_of_memory(error.__context__):
                raise torch.OutOfMemoryError(_in_a_line(error)) from error
            raise RecordingError(
                f"execution={self.execution}: the step of {self._config.model} cannot be recorded as a CUDA graph "
                f"({_in_a_line(error)}); type execution=eager"
            ) from error
        return graph


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
