"""Which epoch's network is scored: what each rule would have given.

last      the last epoch, as in the paper
best val  the epoch with the best IoU on synthetic validation images
oracle    the epoch with the best IoU on the photographs: nobody can know it without labels, so it never chooses
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ablate.config import TrialConfig
from ablate.stats.scores import Group
from ablate.training.best_epoch import best_epoch

LAST, BEST_VAL = "last", "best_val"


@dataclass(frozen=True)
class EpochChoice:
    """What one rule gives: the mean over seeds of the IoU on the photographs, and of the epoch; NaN is not known."""

    iou: float
    epoch: float


@dataclass(frozen=True)
class EpochRules:
    """What every rule gives for one setting; `scored` is the one that all other tables use."""

    network: str
    setting: str
    scored: str
    last: EpochChoice
    best_val: EpochChoice
    oracle: EpochChoice

    @property
    def compared(self) -> bool:
        """Whether there is more to see than the rule that the tables use."""
        others = {LAST: self.best_val, BEST_VAL: self.last}
        return not math.isnan(others[self.scored].iou)


def epoch_rules(group: Group) -> tuple[EpochRules, ...]:
    """Of all settings that have a number, in the order of the tables."""
    known = group.epochs if "oracle_iou" in group.epochs else pd.DataFrame({"trial": [], "oracle_iou": []})
    seen = known["oracle_iou"].notna().groupby(known["trial"]).all()  # of most results none: then no rule is compared
    known = known[known["trial"].isin(seen.index[seen])]
    by_trial = {str(trial): rows.sort_values("epoch") for trial, rows in known.groupby("trial")}
    found = []
    for table in group.tables:
        for setting, trials in table.by_setting():
            each = [_of_trial(trial, group, by_trial) for _, trial in trials.iterrows()]
            chosen = {rule: _mean([one[rule] for one in each]) for rule in (LAST, BEST_VAL, "oracle")}
            scored = str(trials["selection"].iloc[0])
            found.append(EpochRules(table.title, setting, scored, chosen[LAST], chosen[BEST_VAL], chosen["oracle"]))
    return tuple(found)


def _of_trial(trial: pd.Series, group: Group, by_trial: dict[str, pd.DataFrame]) -> dict[str, EpochChoice]:
    unknown = EpochChoice(math.nan, math.nan)
    known = {LAST: unknown, BEST_VAL: unknown, "oracle": unknown}
    rows = by_trial.get(str(trial["trial"]))
    if rows is not None and _scored_like_the_oracle(trial):
        best = best_epoch([{"val_iou": value} for value in rows["val_iou"].fillna(0.0)])
        at = {LAST: rows.index[-1], BEST_VAL: rows.index[best - 1], "oracle": rows["oracle_iou"].idxmax()}
        known = {rule: EpochChoice(rows.loc[row, "oracle_iou"], rows.loc[row, "epoch"]) for rule, row in at.items()}
    if trial["trial"] in group.scored.iou:  # what was measured of the scored network itself
        iou = float(group.scored.iou[trial["trial"]].mean())
        known[str(trial["selection"])] = EpochChoice(iou, float(trial["epoch"]))
    return known


def _scored_like_the_oracle(trial: pd.Series) -> bool:
    """After each epoch the photographs are scored as they are, at the default threshold."""
    paper = TrialConfig()
    entries = {field: (trial.get(field), getattr(paper, field)) for field in ("direction", "threshold")}
    return all(value is None or pd.isna(value) or value == default for value, default in entries.values())


def _mean(choices: Sequence[EpochChoice]) -> EpochChoice:
    """Over seeds; not known where one of them is not."""
    return EpochChoice(*(sum(getattr(one, field) for one in choices) / len(choices) for field in ("iou", "epoch")))
