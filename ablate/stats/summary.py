"""Each setting in one line: its two averages with intervals, its worst location."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
        another, any_gain, mask: as of `Group.limits`, the mean over seeds.
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
    found = []
    for table in group.tables:
        for setting, trials in table.by_setting():
            ids = [*trials["trial"]]
            selection = str(trials["selection"].iloc[0])  # trials that differ in it are of different settings
            limits = group.limits.reindex(ids)
            iou = group.iou.reindex(columns=ids)
            found.append(_summary(table.title, setting, selection, iou, limits, group.photographs))
    return tuple(found)


def differences(group: Group) -> tuple[Contrast, ...]:
    """The planned questions, answered."""
    constant = None if group.photographs is None else group.photographs.overlaps[CONSTANT]
    return contrasts(group.iou, group.trials, group.location, constant)


def of_network(found: Sequence[Summary], model: str) -> list[Summary]:
    """Those of one network."""
    return [one for one in found if one.network == model_title(model)]


def detectors(group: Group) -> tuple[Summary, ...]:
    """The same of each detector that was not trained here."""
    if group.photographs is None or not group.photographs.n_animal:
        return ()
    overlaps, no_limits = group.photographs.overlaps, pd.DataFrame(columns=["another", "gain", "mask"], dtype=float)
    return tuple(
        _summary(NOT_TRAINED, name, "-", overlaps[[name]], no_limits, group.photographs)
        for name in group.photographs.detectors
    )


def location_estimates(table: NetworkTable, group: Group) -> Mapping[Key, Estimate]:
    """Each setting's mean at each location with an animal; the clusters of its interval are the sequences there."""
    per_sequence = group.iou.groupby([group.location, group.sequence])
    means, counts = per_sequence.mean(), per_sequence.size()
    found = {}
    for setting, trials in table.by_setting():
        for location in counts.index.unique(level=0):
            count_l = np.asarray(counts.loc[location], dtype=np.float64)
            found[setting, str(location)] = image_weighted(_by_seed(means.loc[location, [*trials["trial"]]]), count_l)
    return found


def _summary(
    network: str, setting: str, selection: str, iou: pd.DataFrame, limits: pd.DataFrame, photographs: Photographs
) -> Summary:
    """Args: iou: of each photograph with an animal (index) for each seed (columns); limits: as `Group.limits`."""
    location = photographs.location.reindex(iou.index)
    per_location = iou.groupby(location).mean()
    count_l = np.asarray(iou.groupby(location).size(), dtype=np.float64)
    listed = per_location.reindex([*photographs.listed]).dropna()
    constant = photographs.overlaps[CONSTANT].reindex(iou.index).groupby(location).mean()
    means = listed.mean(axis=1)
    worst = (str(means.idxmin()), float(means.min())) if len(means) else ("", float("nan"))
    return Summary(
        network=network,
        setting=setting,
        selection=selection,
        weighted=image_weighted(_by_seed(per_location), count_l),
        macro=macro(_by_seed(listed)),
        gain=image_weighted(_by_seed(per_location.sub(constant, axis="index")), count_l),
        worst=worst,
        another=float(limits["another"].mean()),
        any_gain=float(limits["gain"].mean()),
        mask=float(limits["mask"].mean()),
    )


def _by_seed(per_location: pd.DataFrame) -> Floats:
    means: Floats = per_location.to_numpy(dtype=np.float64).T
    return means
