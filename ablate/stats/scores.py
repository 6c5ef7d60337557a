"""Scores as data frames: what the tables show, and how it is averaged. IoU and rates are in [0, 1]; no data is NaN."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from ablate.identity import PlannedTrial
from ablate.results import runs
from ablate.results.reader import dataset, in_tables, read_rows
from ablate.results.runs import SpaceRequest
from ablate.stats import image_scores
from ablate.stats.image_scores import ImageScores
from ablate.stats.protocols import Protocol, protocols
from ablate.stats.settings import (
    PAPER_MODELS,
    PAPER_SETTINGS,
    PROTOCOL,
    in_paper_order,
    model_title,
    shared_protocol,
    with_gaps,
    with_missing,
    with_settings,
)
from ablate.stats.test_set import WEIGHTED, Photographs, Row, averaged, read_truth, row_values, tested_on

VAL_IOU, FALSE_ALARMS = "val IoU", "false alarms"

MOST_SETTINGS = 40  # columns of one network's table


@dataclass(frozen=True)
class NetworkTable:
    """One network's scores.

    Attributes:
        mean: over seeds; columns are settings, the index pairs of a kind and a name: `("location", "34")`,
            `("average", WEIGHTED)`, `("average", MACRO)`, `("other", VAL_IOU)`, `("other", FALSE_ALARMS)`.
        std: over seeds, of the sample; NaN with fewer than two.
        trials: the trials behind it, with `setting`, `status` (done, failed or missing) and `reason`.
        left_out: the number of settings that have no column here because there are too many.
        protocol: fields that all trials share and that differ from the paper's.
    """

    model: str
    mean: pd.DataFrame
    std: pd.DataFrame
    trials: pd.DataFrame
    protocol: Mapping[str, str]
    left_out: int = 0

    def scores(self, row: Row) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation of each setting in a row."""
        mean, std = row_values(self.mean, row), row_values(self.std, row)
        return {setting: (mean[setting], std[setting]) for setting in mean}

    @property
    def transductive(self) -> list[str]:
        """The settings for which a translator learned from the photographs that they are scored on."""
        saw = {*self.trials.loc[self.trials["transductive"].eq(True), "setting"]}
        return [setting for setting in self.mean.columns if setting in saw]

    def seeds(self, setting: str) -> list[int]:
        """The seeds that the numbers of a setting are the mean of."""
        return sorted(int(seed) for seed in self._done[setting]["seed"]) if setting in self._done else []

    @property
    def title(self) -> str:
        """What a reader calls the network."""
        return model_title(self.model)

    def by_setting(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """The trials that are done, by setting, in the order of the columns."""
        for setting in in_paper_order(self._done, map(str, self.mean.columns)):
            yield setting, self._done[setting]

    def status(self, setting: str) -> str:
        """`done` where there is a number, else `failed` or `missing`."""
        found = set(self.trials.loc[self.trials["setting"] == setting, "status"])
        return next(status for status in ("done", "failed", "missing") if status in found)

    @cached_property
    def _done(self) -> dict[str, pd.DataFrame]:
        """The trials that are done, by setting."""
        done = self.trials[self.trials["status"] == "done"]
        return {str(setting): rows for setting, rows in done.groupby("setting")}


@dataclass(frozen=True)
class Group:
    """Trials of one protocol that were scored on the same photographs.

    Attributes:
        digest: of the photographs; None where no trial knows it.
        protocol: that of the trials; others: those that have groups of their own on these photographs.
        photographs: None where no trial is done.
        trials: their rows, with settings; those that are not done too.
        detectors: the rows of those that were not trained here, named in `model` as `photographs` names them.
        several: share of the photographs with an animal that have more than one true box.
        scored: what the trials that are done score on the photographs.
        epochs: their rows of `epochs`.
    """

    digest: str | None
    protocol: Protocol
    others: Sequence[Protocol]
    photographs: Photographs | None
    tables: tuple[NetworkTable, ...]
    trials: pd.DataFrame
    detectors: pd.DataFrame
    several: float
    scored: ImageScores = field(default_factory=ImageScores)
    epochs: pd.DataFrame = field(default_factory=pd.DataFrame)


def build(
    out: Path, trials: Sequence[str] | None = None, planned: Sequence[PlannedTrial] | None = None
) -> tuple[Group, ...]:
    """All tables of a folder of results: one group for each protocol on each set of photographs, the main one first.

    Args:
        trials: only these; None for all.
        planned: trials that should be there; those that are not, show as missing.
    """
    rows = with_missing(_rows(out, trials), planned or ())
    plans = _plans(out)
    if not {trial.trial for trial in planned or ()} <= {trial for plan in plans for trial in plan.trials}:
        plans.append(SpaceRequest(space="", trials=tuple(trial.trial for trial in planned or ())))
    return tuple(group for digest, alike in _by_photographs(rows) for group in _groups(out, digest, alike, plans))


def columns(out: Path) -> dict[str, list[tuple[int, str]]]:
    """Of each trial its columns: protocol (from 1, the main one) and setting; none of what judges nothing.

    Numbers begin anew for each set of photographs.
    """
    found: dict[str, list[tuple[int, str]]] = {}
    for _, rows in _by_photographs(_rows(out, None)):
        trained = rows[rows["reference"].isna()]
        for number, protocol in enumerate(protocols(trained, _plans(out)), start=1):
            of_protocol = with_settings(trained[trained["trial"].isin(protocol.trials)])
            for trial, setting in of_protocol[["trial", "setting"]].itertuples(index=False) if protocol.judges else ():
                found.setdefault(str(trial), []).append((number, str(setting)))
    return found


def _rows(out: Path, trials: Sequence[str] | None) -> pd.DataFrame:
    rows: pd.DataFrame = read_rows(out, "trials", trials).filter(in_tables(out, trials)).to_pandas()
    return rows


def _plans(out: Path) -> list[SpaceRequest]:
    return [one for run in runs.read(out) for one in run.asked]


def _by_photographs(rows: pd.DataFrame) -> Iterator[tuple[str | None, pd.DataFrame]]:
    """Groups by digest; trials that failed before their photographs were known belong to every group."""
    unknown = rows["photos_digest"].isna()
    digests = sorted(rows.loc[~unknown, "photos_digest"].unique())
    for digest in digests:
        yield digest, rows[(rows["photos_digest"] == digest) | unknown]
    if not digests and len(rows):
        yield None, rows


def _groups(out: Path, digest: str | None, rows: pd.DataFrame, plans: Sequence[SpaceRequest]) -> Iterator[Group]:
    """One for each protocol of the trials on one set of photographs."""
    detectors, trained = _named(rows[rows["reference"].notna()]), rows[rows["reference"].isna()]
    tested, several = _tested(out, detectors, trained)
    found = protocols(trained, plans)
    for protocol in found:
        others = [other for other in found if other is not protocol]
        of_protocol = with_gaps(with_settings(trained[trained["trial"].isin(protocol.trials)]))
        nothing = tuple(_network(model, of_protocol, pd.DataFrame()) for model in _models(of_protocol))
        group = Group(digest, protocol, others, tested, nothing, of_protocol, detectors, several)
        yield _scored(out, group) if (of_protocol["status"] == "done").any() else group


def _models(trials: pd.DataFrame) -> list[str]:
    return in_paper_order(trials["model"], PAPER_MODELS)


def _tested(out: Path, detectors: pd.DataFrame, trained: pd.DataFrame) -> tuple[Photographs | None, float]:
    """What the trials were tested on, None where none is done; and `Group.several`."""
    done = [*trained.loc[trained["status"] == "done", "trial"], *detectors["trial"]]
    truth = read_truth(out, done[:1])
    if not len(truth):
        return None, math.nan
    detected = dataset(out, "images", [*detectors["trial"]]).to_table(columns=image_scores.COLUMNS).to_pandas()
    boxes = truth.loc[truth["iou"].notna(), "true_boxes"].str.len()
    several = float((boxes > 1).mean()) if len(boxes) else math.nan
    return tested_on(truth, detectors, detected), several


def _scored(out: Path, group: Group) -> Group:
    """A group with its scores."""
    assert group.photographs is not None
    trials = group.trials
    done = [str(trial) for trial in trials.loc[trials["status"] == "done", "trial"]]
    scored = image_scores.read(out, done)
    scores = _scores(scored, trials, group.photographs.listed)
    return replace(
        group,
        tables=tuple(_narrowed(_network(model, trials, scores)) for model in _models(trials)),
        scored=scored,
        epochs=dataset(out, "epochs", done).to_table().to_pandas(),
    )


def _named(detectors: pd.DataFrame) -> pd.DataFrame:
    """Where two detectors have one name, they are told apart by their ids."""
    alike = detectors["model"].duplicated(keep=False)
    ids = " (" + detectors["trial"].str[:7] + ")"
    return detectors.assign(model=detectors["model"].where(~alike, detectors["model"] + ids))


def _scores(scored: ImageScores, trials: pd.DataFrame, listed: Sequence[str]) -> pd.DataFrame:
    """Every row of the tables for every trial that is done; columns are trial ids."""
    done = trials[trials["status"] == "done"].set_index("trial")
    others = {VAL_IOU: done["val_iou"], FALSE_ALARMS: scored.false_alarms}
    other = pd.DataFrame(others, index=done.index, dtype=float).T
    return pd.concat([averaged(scored.per_location, scored.mean, listed), pd.concat({"other": other})])


def _network(model: str, trials: pd.DataFrame, scores: pd.DataFrame) -> NetworkTable:
    own = trials[trials["model"] == model]
    order = [setting for plain in in_paper_order(own["plain"], PAPER_SETTINGS) for setting in _named_so(own, plain)]
    done = own[own["status"] == "done"].set_index("trial")["setting"]
    seeds = scores.reindex(columns=done.index).T.groupby(done)
    return NetworkTable(
        model=model,
        mean=seeds.mean().T.reindex(columns=order),
        std=seeds.std(ddof=1).T.reindex(columns=order),
        trials=own,
        protocol=shared_protocol(own),
    )


def _narrowed(table: NetworkTable) -> NetworkTable:
    """Of many settings those with the best image-weighted means and the paper's; what is not done is told of all."""
    weighted = pd.Series(row_values(table.mean, ("average", WEIGHTED)))
    kept = {*weighted.sort_values(ascending=False, kind="stable").index[:MOST_SETTINGS], *PAPER_SETTINGS}
    columns = [setting for setting in table.mean.columns if setting in kept]
    trials = table.trials[table.trials["setting"].isin(columns) | (table.trials["status"] != "done")]
    left_out = len(table.mean.columns) - len(columns)
    return replace(table, mean=table.mean[columns], std=table.std[columns], trials=trials, left_out=left_out)


def _named_so(trials: pd.DataFrame, plain: str) -> list[str]:
    """The settings of one plain name, in the order of the fields that tell them apart."""
    alike = trials[trials["plain"] == plain]
    varied = [field for field in (*PROTOCOL, "arm_digest") if alike[field].nunique(dropna=False) > 1]
    alike = alike.sort_values([*varied, "trial"])
    return [str(setting) for setting in alike["setting"].unique()]
