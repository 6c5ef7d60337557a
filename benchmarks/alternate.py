"""Contenders side by side: they work in turns of a few seconds, so that what else the machine does slows all of them.

Of each round the rates are compared, and of all rounds the median of these ratios is what counts: a moment that was
slow for everybody changes neither.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import machine

Work = Callable[[], float]
"""Does some work and says how much, in images or what else is counted. It returns when all of it is done."""

Figures = dict[str, float]


@dataclass(frozen=True)
class Turn:
    """One contender's work in one round.

    Attributes:
        work: how much was done.
        seconds: of the wall clock.
        cpu_seconds: of all processes below this one, and of this one.
    """

    work: float
    seconds: float
    cpu_seconds: float


def alternate(contenders: Mapping[str, Work], rounds: int, seconds: float) -> dict[str, list[Turn]]:
    """The turns of each contender, one a round; every other round goes through them in the opposite order.

    Args:
        seconds: a turn ends with the first piece of work that is done after so long.
    """
    for work in contenders.values():
        work()  # whatever happens once only
    turns: dict[str, list[Turn]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name in [*contenders][:: -1 if number % 2 else 1]:
            turns[name].append(_turn(contenders[name], seconds))
    return turns


def _turn(work: Work, seconds: float) -> Turn:
    done, cpu, began = 0.0, machine.cpu_seconds(), time.perf_counter()
    while True:
        done += work()
        passed = time.perf_counter() - began
        if passed >= seconds:
            return Turn(done, passed, machine.cpu_seconds() - cpu)


def compare(turns: Mapping[str, Sequence[Turn]], against: str) -> dict[str, Figures]:
    """By contender: median work a second, work a CPU second, and the ratios of its rates to those of `against`.

    `ratio`, with `ratio_min` and `ratio_max`, is of the wall clock, `cpu_ratio` of CPU seconds.
    """
    found = {}
    for name, own in turns.items():
        pairs = [*zip(own, turns[against], strict=True)]
        ratios = [_rate(one) / _rate(other) for one, other in pairs]
        found[name] = {
            "per_second": statistics.median(map(_rate, own)),
            "per_cpu_second": statistics.median(map(_cpu_rate, own)),
            "ratio": statistics.median(ratios),
            "ratio_min": min(ratios),
            "ratio_max": max(ratios),
            "cpu_ratio": statistics.median(_cpu_rate(one) / _cpu_rate(other) for one, other in pairs),
        }
    return found


def _rate(turn: Turn) -> float:
    return turn.work / turn.seconds


def _cpu_rate(turn: Turn) -> float:
    return turn.work / max(turn.cpu_seconds, 1e-3)  # a short wait may take no CPU time at all


def race(contenders: Mapping[str, Work], against: str, rounds: int, seconds: float) -> dict[str, Figures]:
    """`alternate`, then `compare`."""
    return compare(alternate(contenders, rounds, seconds), against)


def print_table(title: str, found: Mapping[str, Figures], unit: str = "images") -> None:
    """One line a contender; the ratios are rates over that of the contender whose ratio is 1."""
    widest = max(len(name) for name in (title, *found))
    print(f"{title:<{widest}}  {unit + '/s':>12}  ratio (min .. max)       by CPU time")
    for name, one in found.items():
        ratio = f"{one['ratio']:6.3f} ({one['ratio_min']:.3f} .. {one['ratio_max']:.3f})"
        print(f"{name:<{widest}}  {one['per_second']:12,.1f}  {ratio:<24} {one['cpu_ratio']:.3f}", flush=True)
