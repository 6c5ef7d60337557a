"""Each setting's mean at each location, with an interval whose clusters are the location's sequences."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ablate.stats.intervals import Estimate, image_weighted
from ablate.stats.scores import Group, NetworkTable

Key = tuple[str, str]  # setting, location


def location_estimates(table: NetworkTable, group: Group) -> Mapping[Key, Estimate]:
    """Of every setting that has a number, at every location that has an animal."""
    per_sequence = group.iou.groupby([group.location, group.sequence])
    means, counts = per_sequence.mean(), per_sequence.size()
    found = {}
    for setting, trials in table.by_setting():
        for location in counts.index.unique(level=0):
            mean_sl = np.asarray(means.loc[location, [*trials["trial"]]], dtype=np.float64).T
            count_l = np.asarray(counts.loc[location], dtype=np.float64)
            found[setting, str(location)] = image_weighted(mean_sl, count_l)
    return found
