"""What a training leaves behind: a checkpoint while it runs, weights when it has ended.

<out>/checkpoints/<training>.ckpt          everything that it takes to continue after an epoch, in one atomic file
<out>/weights/<training>.safetensors       weights after the last epoch; its metadata holds the epochs' rows
<out>/weights/<training>.best_val.safetensors   weights of the best epoch on the val split, where that is another
"""

from __future__ import annotations

import json
import pickle
import shutil
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from ablate.config import TrialConfig
from ablate.storage import publishing, working_copy
from ablate.training.best_epoch import best_epoch
from ablate.training.loop import EpochRow, State, Training
from ablate.training.parts import build_network


def write_state(path: Path, state: State) -> None:
    """Publishes the state of a training, of tensors and plain values."""
    with publishing(path) as partial:
        torch.save(state, partial)


class UnreadableError(Exception):
    """What lies under a checkpoint's name is none, or half of one."""


def read_state(path: Path) -> State | None:
    """What `write_state` has left, here or on another node; None where it has not.

    Raises:
        UnreadableError: what lies there is broken.
    """
    working_copy.pull(path)
    if not path.is_file():
        return None
    # On the CPU first: Adam's counts of steps stay there, or it would wait for the GPU to read each of them.
    try:
        state: State = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        said = str(error).partition("\n")[0]
        if "alloc" in said:
            raise  # what lies there may be whole: this process lacks the memory for it
        raise UnreadableError(f"{path} cannot be read: {said}") from error
    return state


class Saver:
    """Publishes checkpoints while the next epoch runs: writing half a gigabyte and waiting for the disk takes long.

    Until then a training that dies continues from the checkpoint before.
    """

    def __init__(self) -> None:
        self._writing: Future[None] | None = None

    def save(self, out: Path, training_id: str, code: str, training: Training) -> None:
        """Begins to publish the checkpoint of a training at an epoch's end, of which it takes a copy.

        It is marked with the digest of the code that made it. Waits for the one before.

        Raises:
            OSError: the one before could not be written.
        """
        self.wait()
        state = _host_copy({"code": code, **training.state()})
        thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._writing = thread.submit(write_state, _checkpoint(out, training_id), state)
        thread.shutdown(wait=False)  # it ends when that is done

    def wait(self) -> None:
        """Returns when what was begun is published.

        Raises:
            OSError: it could not be written.
        """
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def close(self) -> None:
        """Returns when what was begun is published or has failed: whoever calls this needs it no more."""
        writing, self._writing = self._writing, None
        if writing is not None:
            futures.wait([writing])


def _host_copy(state: Any) -> Any:  # noqa: ANN401 - a tree of tensors and plain values
    """A copy of a state in the host's memory, of everything that the next epoch may change."""
    match state:
        case torch.Tensor():
            return state.detach().to("cpu", copy=True)
        case dict():
            return {key: _host_copy(value) for key, value in state.items()}
        case list() | tuple():
            return type(state)(_host_copy(value) for value in state)
    return state


def copy(out: Path, training_id: str, copied_id: str) -> None:
    """Publishes the checkpoint of a training as that of another one."""
    working_copy.pull(_checkpoint(out, training_id))
    with publishing(_checkpoint(out, copied_id)) as partial:
        shutil.copyfile(_checkpoint(out, training_id), partial)


def epochs(out: Path, training_id: str) -> int:
    """How many epochs a training's checkpoint has behind it; 0 where there is none that can be read."""
    try:
        state = read_state(_checkpoint(out, training_id))
    except UnreadableError:
        return 0
    return len(state["rows"]) if state else 0


def restore(out: Path, training_id: str, code: str, training: Training) -> tuple[int, str] | None:
    """Continues from a checkpoint that the same code made; gives its epochs and its code, None where there is none.

    Other code's checkpoint is left alone: continuing from it would give neither its result nor ours.

    Raises:
        UnreadableError: what lies there is broken.
    """
    state = read_state(_checkpoint(out, training_id))
    if state is None:
        return None
    made_by = str(state.pop("code"))
    if made_by == code:
        training.restore(state)
    return len(state["rows"]), made_by


def discard(out: Path, training_id: str) -> None:
    """Removes the checkpoint of a training that has left its weights."""
    working_copy.remove(_checkpoint(out, training_id))


def forget(out: Path, training_id: str) -> None:
    """Makes room on this node, where `out` is the working copy of a store: all that this training left lies there."""
    weights = (_weights(out, training_id, selection) for selection in ("last", "best_val"))
    working_copy.forget([_checkpoint(out, training_id), *weights])


def save_weights(out: Path, training_id: str, code: str, training: Training) -> None:
    """Publishes the weights of a finished training; the last ones appear last, and mean that all are there."""
    metadata = {"code": code, "rows": json.dumps(training.rows)}
    if training.best is not None:
        _write_weights(_weights(out, training_id, "best_val"), training.best, metadata)
    else:  # an earlier training of the same name, by other code, may have left one
        working_copy.remove(_weights(out, training_id, "best_val"))
    _write_weights(_weights(out, training_id, "last"), training.weights("last"), metadata)


def load_network(out: Path, training_id: str, config: TrialConfig, device: torch.device) -> nn.Module:
    """The trained network of a configuration: after its last epoch, or its best one, as `selection` says."""
    record = weights_record(out, training_id)
    # An older version left weights of a best epoch where none was better than the last.
    last_is_best = record is not None and best_epoch(record[1]) == len(record[1])
    path = _weights(out, training_id, "last" if last_is_best else config.selection)
    # Its weights are about to be replaced: pretrained ones need not be here.
    network = build_network(config.model_copy(update={"encoder_weights": "none"}), device)
    working_copy.pull(path)
    network.load_state_dict(safetensors.torch.load_file(path if path.is_file() else _weights(out, training_id, "last")))
    return network


def weights_record(out: Path, training_id: str) -> tuple[str, list[EpochRow]] | None:
    """The code digest and the epochs' rows of a finished training; None where its weights are not there."""
    path = _weights(out, training_id, "last")
    working_copy.pull(path)
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
