"""Each setting in one line: its two averages with intervals, its worst location."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ablate.stats.contrasts import Contrast, contrasts
from ablate.stats.intervals import Estimate, Floats, image_weighted, macro
from ablate.stats.scores import Group, NetworkTable
from ablate.stats.settings import model_title
from ablate.stats.test_set import CONSTANT, Photographs

NOT_TRAINED = "not trained here"

Key = tuple[str, str]  # setting, location


@dataclass(frozen=True)
class Summary:
    """A network's score under one setting, over its seeds; IoU and rates in [0, 1].

    Attributes:
        selection: which epoch's network was scored, `last` or `best_val`.
        weighted, macro: the mean IoU over photographs, and over the listed locations.
        gain: of `weighted` over the best constant box, photograph by photograph.
        worst: the listed location with the lowest mean IoU, and that mean.
        another, any_gain, mask: as of `ImageScores.limits`, the mean over seeds.
    """

    network: str
    setting: str
    selection: str
    weighted: Estimate
    macro: Estimate
    gain: Estimate
    worst: tuple[str, float]
    another: float
    any_gain: float
    mask: float


def summaries(group: Group) -> tuple[Summary, ...]:
    """All settings that have a number, in the order of the tables."""
    if group.photographs is None or not group.photographs.n_animal:
        return ()
    found, by_location = [], _ByLocation.of(group.scored.iou, group.photographs)
    for table in group.tables:
        for setting, trials in table.by_setting():
            ids = [*trials["trial"]]
            selection = str(trials["selection"].iloc[0])  # trials that differ in it are of different settings
            limits = group.scored.limits.reindex(ids)
            found.append(_summary(table.title, setting, selection, by_location.only(ids), limits, group.photographs))
    return tuple(found)


def differences(group: Group) -> tuple[Contrast, ...]:
    """The planned questions, answered."""
    constant = None if group.photographs is None else group.photographs.overlaps[CONSTANT]
    return contrasts(group.scored.iou, group.trials, group.scored.location, constant)


def of_network(found: Sequence[Summary], model: str) -> list[Summary]:
    """Those of one network."""
    return [one for one in found if one.network == model_title(model)]


def detectors(group: Group) -> tuple[Summary, ...]:
    """The same of each detector that was not trained here."""
    if group.photographs is None or not group.photographs.n_animal:
        return ()
    no_limits = pd.DataFrame(columns=["another", "gain", "mask"], dtype=float)
    by_location = _ByLocation.of(group.photographs.overlaps, group.photographs)
    return tuple(
        _summary(NOT_TRAINED, name, "-", by_location.only([name]), no_limits, group.photographs)
        for name in group.photographs.detectors
    )


def location_estimates(table: NetworkTable, group: Group) -> Mapping[Key, Estimate]:
    """Each setting's mean at each location with an animal; the clusters of its interval are the sequences there."""
    per_sequence = group.scored.iou.groupby([group.scored.location, group.scored.sequence])
    means, counts = per_sequence.mean(), per_sequence.size()
    found = {}
    for setting, trials in table.by_setting():
        for location in counts.index.unique(level=0):
            count_l = np.asarray(counts.loc[location], dtype=np.float64)
            found[setting, str(location)] = image_weighted(_by_seed(means.loc[location, [*trials["trial"]]]), count_l)
    return found


@dataclass(frozen=True)
class _ByLocation:
    """Mean IoU at each location, under each trial, or whatever else was scored.

    Attributes:
        means: columns are what was scored, the index is locations; counts, constant: photographs, and the best constant
            box's mean IoU, by the same index.
    """

    means: pd.DataFrame
    counts: Floats
    constant: pd.Series[float]

    @classmethod
    def of(cls, iou: pd.DataFrame, photographs: Photographs) -> _ByLocation:
        """Args: iou: of each photograph with an animal (index) under each of what was scored (columns)."""
        location = photographs.location.reindex(iou.index)
        constant = photographs.overlaps[CONSTANT].reindex(iou.index)
        counts = np.asarray(iou.groupby(location).size(), dtype=np.float64)
        return cls(iou.groupby(location).mean(), counts, constant.groupby(location).mean())

    def only(self, columns: list[str]) -> _ByLocation:
        return replace(self, means=self.means.reindex(columns=columns))


def _summary(
    network: str,
    setting: str,
    selection: str,
    scored: _ByLocation,
    limits: pd.DataFrame,
    photographs: Photographs,
) -> Summary:
    """Args: scored: under each seed; limits: of each seed, as of `ImageScores`."""
    listed = scored.means.reindex([*photographs.listed]).dropna()
    means = listed.mean(axis=1)
    worst = (str(means.idxmin()), float(means.min())) if len(means) else ("", float("nan"))
    return Summary(
        network=network,
        setting=setting,
        selection=selection,
        weighted=image_weighted(_by_seed(scored.means), scored.counts),
        macro=macro(_by_seed(listed)),
        gain=image_weighted(_by_seed(scored.means.sub(scored.constant, axis="index")), scored.counts),
        worst=worst,
        another=float(limits["another"].mean()),
        any_gain=float(limits["gain"].mean()),
        mask=float(limits["mask"].mean()),
    )


def _by_seed(per_location: pd.DataFrame) -> Floats:
    means: Floats = per_location.to_numpy(dtype=np.float64).T
    return means
