"""What a sample is called and what chance decides about it: functions of the seed and its own name, never of an order.

So a picture that is added, removed or prepared by another worker changes nothing about the others.
"""

from __future__ import annotations

import hashlib
import re

import numpy as np

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def sample_key(name: str) -> str:
    """A name as a sample's key: itself where that is safe in a tar, else a readable part of it and a digest.

    Different names have different keys. Keys hold no dots or slashes, which WebDataset takes for the key's end.
    """
    if _PLAIN.fullmatch(name):
        return name
    readable = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-")[-40:].lstrip("_-")
    return f"{readable or 'x'}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def share(seed: int, name: str) -> float:
    """A number in [0, 1), uniform over names: below 0.1 lies a tenth of them."""
    return int.from_bytes(_digest(seed, name)[:7]) / 2**56  # seven bytes fit a float exactly


def generator(seed: int, key: str) -> np.random.Generator:
    """The randomness of one sample."""
    return np.random.default_rng(int.from_bytes(_digest(seed, key)))


def _digest(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}/{name}".encode()).digest()
