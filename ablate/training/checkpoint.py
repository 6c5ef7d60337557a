"""What a training leaves behind: a checkpoint while it runs, weights when it has ended.

<out>/checkpoints/<training>.ckpt          everything that it takes to go on after an epoch, in one atomic file
<out>/weights/<training>.safetensors       weights after the last epoch; its metadata holds the epochs' rows
<out>/weights/<training>.best_val.safetensors   weights of the best epoch on the val split, where that is another
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from ablate.config import TrialConfig
from ablate.storage import publishing
from ablate.training.best_epoch import best_epoch
from ablate.training.loop import EpochRow, State, Training, build_network


def save(out: Path, training_id: str, code: str, training: Training) -> None:
    """Publishes the checkpoint of a training at an epoch's end, marked with the digest of the code that made it."""
    with publishing(_checkpoint(out, training_id)) as partial:
        torch.save({"code": code, **training.state()}, partial)


@dataclass(frozen=True)
class Left:
    """The checkpoint of a training that was found.

    Attributes:
        epoch: finished ones.
        code: digest of the code that made it.
        restored: whether it was gone on from.
    """

    epoch: int
    code: str
    restored: bool


def restore(out: Path, training_id: str, code: str, training: Training) -> Left | None:
    """Goes on from a checkpoint that the same code made; None where there is none.

    Other code's checkpoint is left alone: going on from it would be neither its result nor ours.
    """
    path = _checkpoint(out, training_id)
    if not path.is_file():
        return None
    # On the CPU first: Adam's counts of steps stay there, or it would wait for the GPU to read each of them.
    state: State = torch.load(path, map_location="cpu", weights_only=True)
    made_by = str(state.pop("code"))
    if made_by == code:
        training.restore(state)
    return Left(len(state["rows"]), made_by, made_by == code)


def discard(out: Path, training_id: str) -> None:
    """Removes the checkpoint of a training that has left its weights."""
    _checkpoint(out, training_id).unlink(missing_ok=True)


def save_weights(out: Path, training_id: str, code: str, training: Training) -> None:
    """Publishes the weights of a finished training; the last ones appear last, and mean that all are there."""
    metadata = {"code": code, "rows": json.dumps(training.rows)}
    if training.best is not None:
        _write_weights(_weights(out, training_id, "best_val"), training.best, metadata)
    else:  # an earlier training of the same name, by other code, may have left one
        _weights(out, training_id, "best_val").unlink(missing_ok=True)
    _write_weights(_weights(out, training_id, "last"), training.weights("last"), metadata)


def load_network(out: Path, training_id: str, config: TrialConfig, device: torch.device) -> nn.Module:
    """The trained network of a configuration: after its last epoch, or its best one, as `selection` says."""
    record = weights_record(out, training_id)
    # An older version left weights of a best epoch where none was better than the last.
    last_is_best = record is not None and best_epoch(record[1]) == len(record[1])
    path = _weights(out, training_id, "last" if last_is_best else config.selection)
    # Its weights are about to be replaced: pretrained ones need not be here.
    network = build_network(config.model_copy(update={"encoder_weights": "none"}), device)
    network.load_state_dict(safetensors.torch.load_file(path if path.is_file() else _weights(out, training_id, "last")))
    return network


def weights_record(out: Path, training_id: str) -> tuple[str, list[EpochRow]] | None:
    """The code digest and the epochs' rows of a finished training; None where its weights are not there."""
    path = _weights(out, training_id, "last")
    if not path.is_file():
        return None
    with safetensors.safe_open(path, framework="pt") as file:
        metadata: dict[str, Any] = file.metadata()
    return metadata["code"], json.loads(metadata["rows"])


def _write_weights(path: Path, weights: State, metadata: dict[str, str]) -> None:
    tensors = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    with publishing(path) as partial:
        safetensors.torch.save_file(tensors, partial, metadata)


def _checkpoint(out: Path, training_id: str) -> Path:
    return out / "checkpoints" / f"{training_id}.ckpt"


def _weights(out: Path, training_id: str, selection: str) -> Path:
    return out / "weights" / f"{training_id}{'' if selection == 'last' else '.' + selection}.safetensors"
