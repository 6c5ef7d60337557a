"""Which epoch's network is scored: what each rule would have given.

last      the last epoch, as in the paper
best val  the epoch with the best IoU on synthetic validation images
oracle    the epoch with the best IoU on the photographs: nobody can know it without labels, so it never chooses
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from ablate.config import TrialConfig
from ablate.report.number_format import percent
from ablate.report.text_grid import Cell, Grid, under_names
from ablate.stats.scores import Group
from ablate.stats.settings import in_paper_order, model_title

TITLE = "Which epoch is scored: image-weighted mean box IoU in percent (epoch) by each rule"
LAST, BEST_VAL = "last", "best_val"


@dataclass(frozen=True)
class Choice:
    """What one rule gives: the mean over seeds of the IoU on the photographs, and of the epoch; NaN is not known."""

    iou: float
    epoch: float

    @property
    def text(self) -> str:
        return "-" if math.isnan(self.iou) else f"{percent(self.iou)} ({self.epoch:g})"


@dataclass(frozen=True)
class Rules:
    """What every rule gives for one setting; `scored` is the one that all other tables use."""

    network: str
    setting: str
    scored: str
    last: Choice
    best_val: Choice
    oracle: Choice

    @property
    def compared(self) -> bool:
        """Whether there is more to see than the rule that the tables use."""
        others = {LAST: self.best_val, BEST_VAL: self.last}
        return not math.isnan(others[self.scored].iou)


def rules(group: Group) -> tuple[Rules, ...]:
    """Of all settings that have a number, in the order of the tables."""
    by_trial = (
        {str(trial): rows.sort_values("epoch") for trial, rows in group.epochs.groupby("trial")}
        if len(group.epochs)
        else {}
    )
    found = []
    for table in group.tables:
        done = table.trials[table.trials["status"] == "done"]
        for setting in in_paper_order(done["setting"], map(str, table.mean.columns)):
            trials = done[done["setting"] == setting]
            each = [_of_trial(trial, group, by_trial) for _, trial in trials.iterrows()]
            chosen = {rule: _mean([one[rule] for one in each]) for rule in (LAST, BEST_VAL, "oracle")}
            scored = str(trials["selection"].iloc[0])
            found.append(
                Rules(model_title(table.model), setting, scored, chosen[LAST], chosen[BEST_VAL], chosen["oracle"])
            )
    return tuple(found)


def _of_trial(trial: pd.Series, group: Group, by_trial: dict[str, pd.DataFrame]) -> dict[str, Choice]:
    unknown = Choice(math.nan, math.nan)
    known = {LAST: unknown, BEST_VAL: unknown, "oracle": unknown}
    rows = by_trial.get(str(trial["trial"]))
    if rows is not None and _scored_like_the_oracle(trial) and rows["oracle_iou"].notna().all():
        at = {LAST: rows.index[-1], BEST_VAL: _best(rows), "oracle": rows["oracle_iou"].idxmax()}
        known = {rule: Choice(rows.loc[row, "oracle_iou"], rows.loc[row, "epoch"]) for rule, row in at.items()}
    if trial["trial"] in group.iou:  # what was measured of the scored network itself
        known[str(trial["selection"])] = Choice(float(group.iou[trial["trial"]].mean()), float(trial["epoch"]))
    return known


def _best(rows: pd.DataFrame) -> Hashable:
    """The row of the epoch that `best_val` chooses: the first of the highest, the last where no epoch says anything."""
    return rows["val_iou"].idxmax() if (rows["val_iou"] > 0).any() else rows.index[-1]


def _scored_like_the_oracle(trial: pd.Series) -> bool:
    """After each epoch the photographs are scored as they are, at the default threshold."""
    paper = TrialConfig()
    told = {field: (trial.get(field), getattr(paper, field)) for field in ("direction", "threshold")}
    return all(value is None or pd.isna(value) or value == default for value, default in told.values())


def _mean(choices: Sequence[Choice]) -> Choice:
    """Over seeds; not known where one of them is not."""
    return Choice(*(sum(getattr(one, field) for one in choices) / len(choices) for field in ("iou", "epoch")))


def rules_grid(found: Sequence[Rules]) -> Grid:
    """A row for each setting, a column for each rule."""
    rows = [
        (
            one.network,
            [
                Cell(f"  {one.setting}"),
                Cell(one.last.text, bold=one.scored == LAST),
                Cell(one.best_val.text, bold=one.scored == BEST_VAL),
                Cell(one.oracle.text, faint=True),
            ],
        )
        for one in found
    ]
    return Grid(
        ["setting", "last epoch\n(the paper)", "best synthetic\nvalidation", "oracle on the\nphotographs"],
        under_names(rows),
    )


def rules_notes(found: Sequence[Rules]) -> Iterator[str]:
    """What the columns mean."""
    scored = " and ".join(sorted({one.scored.replace("_", " ") for one in found}))
    yield (
        f"The other tables use: {scored}. The oracle looks at the answers: it is shown as the most that any rule could "
        "have reached, and never chooses."
    )
    if any(math.isnan(one.oracle.iou) for one in found):
        yield (
            "-: not recorded, or on other photographs than today's; trial.oracle=true measures them after every epoch."
        )
