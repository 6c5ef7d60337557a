"""What the training of a contrastive translator leaves in its folder, each file absent or whole.

cut.ckpt          while it runs: all that it takes to go on
cut.safetensors   when it has ended: the generator's weights
cut.jpg           source pictures, their translations, target pictures, and what becomes of these (identity)

Both of the former are marked with a key, and left alone where another training asks.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from ablate.plugins import source_digest
from ablate.storage import publish, publishing
from ablate.training import checkpoint
from datasets.raw.images import Pixels, encode_jpg
from datasets.translate import Domains, Photos
from datasets.translate.contrastive import batches, networks, training
from datasets.translate.contrastive.training import Training

Weights = dict[str, NDArray[np.float32]]

_LOOKED_AT = 8
_CODE = (networks, batches, training)


@dataclass(frozen=True)
class SavedState:
    """A folder, or none, and the key of one training."""

    folder: Path | None
    key: str

    @property
    def checkpoint(self) -> Path | None:
        return self.folder / "cut.ckpt" if self.folder else None

    def weights(self) -> Weights | None:
        """What this training has left when it ended, if it has."""
        path = self.folder / "cut.safetensors" if self.folder else None
        if path is None or not path.is_file():
            return None
        with safetensors.safe_open(path, framework="np") as file:
            if file.metadata().get("key") != self.key:
                return None
        return safetensors.numpy.load_file(path)

    def finish(self, weights: Weights) -> None:
        """Publishes the weights; the checkpoint goes."""
        if self.folder and self.checkpoint:
            with publishing(self.folder / "cut.safetensors") as partial:
                safetensors.numpy.save_file(weights, partial, {"key": self.key})
            self.checkpoint.unlink(missing_ok=True)

    @property
    def has_checkpoint(self) -> bool:
        """Whether some training, this one or another, has left its checkpoint."""
        return self.checkpoint is not None and self.checkpoint.is_file()

    def save(self, training: Training) -> None:
        """Publishes the checkpoint."""
        if self.checkpoint:
            checkpoint.write_state(self.checkpoint, {"key": self.key, **training.state()})

    def restore(self, training: Training) -> bool:
        """Goes on from the checkpoint of this training, if there is one; says whether there was."""
        state = checkpoint.read_state(self.checkpoint) if self.checkpoint else None
        if state is None or state.pop("key") != self.key:
            return False
        training.restore(state)
        return True

    def show(self, rows: list[Pixels]) -> None:
        """Publishes the sample sheet; b h w 3 each row, all of the same shape."""
        if self.folder:
            sheet_hw3 = np.concatenate([np.concatenate(list(row_bhw3), axis=1) for row_bhw3 in rows])
            publish(self.folder / "cut.jpg", encode_jpg(sheet_hw3))


def key(parameters: dict[str, object], domains: Domains) -> str:
    """What a training follows from: parameters, seed, pictures (their number, and some looked at), and the code."""
    content = {
        "parameters": parameters,
        "seed": domains.seed,
        "source": _fingerprint(domains.source),
        "target": _fingerprint(domains.target),
        "code": [source_digest(Path(str(module.__file__))) for module in _CODE],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def digest(weights: Weights) -> str:
    """12 hexadecimal digits of a network's weights."""
    hashed = hashlib.sha256()
    for name in sorted(weights):
        hashed.update(f"{name}{weights[name].shape}".encode())
        hashed.update(np.ascontiguousarray(weights[name]).tobytes())
    return hashed.hexdigest()[:12]


def _fingerprint(photos: Photos) -> str:
    hashed = hashlib.sha256(str(len(photos)).encode())
    for index in np.unique(np.linspace(0, len(photos) - 1, _LOOKED_AT).astype(int)):
        picture_hw3 = photos[int(index)]
        hashed.update(f"{picture_hw3.shape}".encode())
        hashed.update(np.ascontiguousarray(picture_hw3).tobytes())
    return hashed.hexdigest()
