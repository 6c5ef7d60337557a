"""Nodes that lack what a trial needs, as one that joined later may: they get no more trials of this run.

Ray has no way to take a node out of a run, so what would be a trial's place there is occupied until the run ends.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

_RETURNS = 120.0  # seconds within which a node that died may be there again

_SAID = re.compile(r"unfit node ([0-9a-f]+)")


def described(node: str, reason: str) -> str:
    """The words by which a trial tells the driver that its node is unfit."""
    return f"unfit node {node}: {reason}"


def named(said: str) -> str | None:
    """The node that a trial has told of; None where it has told of none."""
    found = _SAID.search(said)
    return found[1] if found else None


class UnfitNodes:
    """Keeps trials away from nodes, for as long as this object lives."""

    def __init__(self, each: Mapping[str, float]) -> None:
        """Args: each: what a trial occupies."""
        self._each = each
        self._occupied: dict[str, list[Any]] = {}
        self._none_since: float | None = None

    def close(self, node: str) -> bool:
        """Gives a node no more trials; says whether it was open."""
        if node in self._occupied:
            return False
        there: dict[str, float] = next((one["Resources"] for one in ray.nodes() if one["NodeID"] == node), {})
        places = min((int(there.get(name, 0.0) / amount + 1e-9) for name, amount in self._each.items()), default=0)
        place = ray.remote(
            num_cpus=self._each["CPU"],
            num_gpus=self._each.get("GPU", 0.0),
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
        )(_Occupied)
        self._occupied[node] = [place.remote() for _ in range(places)]
        return True

    def none_left(self) -> bool:
        """Whether all nodes on which a trial could be were closed, and no other has come for some minutes."""
        if not self._occupied:
            return False
        able = {
            node["NodeID"]
            for node in ray.nodes()
            if node["Alive"] and all(node["Resources"].get(name, 0.0) >= part for name, part in self._each.items())
        }
        if not able <= self._occupied.keys():
            self._none_since = None
            return False
        self._none_since = self._none_since or time.monotonic()
        return time.monotonic() - self._none_since > _RETURNS


class _Occupied:
    """An actor that does nothing, in a trial's place."""
