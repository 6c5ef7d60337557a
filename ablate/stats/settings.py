"""Which trials belong in one column of a table.

A setting is an arm and an augmentation, as in the paper. Where trials differ in more than that and the seed, the
setting carries the differing fields in its name, so that no cell ever averages what was not trained alike.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ablate import plugins
from ablate.config import OfAugmentation, OfNetwork, TrialConfig, fields_of, is_off
from ablate.errors import UsageError
from ablate.identity import OF_LEARNING_ENCODERS, PlannedTrial

# The columns and the order of the paper's Tables 2-4.
PAPER_SETTINGS = ("full", "crop", "i2i", "crop + jitter", "i2i + jitter")
PAPER_MODELS = {"unet": "U-Net", "unet_resnet50": "U-Net with a ResNet-50 encoder", "segnet": "SegNet"}

IMAGES = ("train_names", "train_images")  # fields that say which images are trained on: all where empty or 0

# The fields that no table shows as a network, a column or a seed.
PROTOCOL = tuple(field for field in TrialConfig.model_fields if field not in {"model", "arm", "augment", "seed"})


PRECISION = "precision_used"  # the arithmetic that a field left to the device

# What these fields say of all trials alike must be read beside every number, unless it is the paper's.
_ALWAYS_NAMED = frozenset({"direction"})

# What these fields say depends on other fields of the trial, of one network too.
_OF_SOME = frozenset({*OF_LEARNING_ENCODERS, "unlabelled"})


def model_title(model: str) -> str:
    """What the paper calls a network; a network of ours by the name of its module or file."""
    return PAPER_MODELS.get(model, _stem(model))


def in_paper_order(names: Iterable[str], order: Iterable[str]) -> list[str]:
    """Names in the paper's order; those that the paper does not have come after, sorted."""
    known = [*order]
    return sorted(set(names), key=lambda name: (known.index(name) if name in known else len(known), name))


def plain_setting(arm: str, augment: str) -> str:
    """The name of a setting without further fields, e.g. `crop + jitter`."""
    return arm if augment == "none" else f"{arm} + {_stem(augment)}"


def with_missing(rows: pd.DataFrame, planned: Sequence[PlannedTrial]) -> pd.DataFrame:
    """Adds the planned trials that are not among the rows of `trials`, as missing."""
    there = set(rows["trial"])
    absent = [trial for trial in planned if trial.trial not in there]
    if not absent:
        return rows
    missing = pd.DataFrame(
        [trial.config.model_dump() | trial.model_dump(exclude={"config", "code"}) for trial in absent]
    ).assign(status="missing", reason="planned, not finished")
    missing = missing.reindex(columns=rows.columns)
    return pd.concat([rows, missing], ignore_index=True) if len(rows) else missing


def with_settings(trials: pd.DataFrame) -> pd.DataFrame:
    """Adds `plain` and `setting`, the names of each trial's setting without and with the differing fields.

    Args:
        trials: rows of `trials` that were scored on the same photographs.
    """
    named = trials.copy()
    plain = [plain_setting(*pair) for pair in zip(trials["arm"], trials["augment"], strict=True)]
    named["plain"] = pd.Series(plain, index=trials.index, dtype=str)
    extra = pd.Series("", index=trials.index, dtype=str)
    for _, of_model in effective(named).groupby("model"):
        for field in PROTOCOL:
            read = of_model[field].dropna()
            some = field in _OF_SOME and 0 < len(read) < len(of_model)
            if some or read.nunique() > 1 or (field in _ALWAYS_NAMED and (read != getattr(TrialConfig(), field)).any()):
                told = read[[not is_off(field, value) for value in read]]
                extra[told.index] += ", " + told.map(partial(told_value, field))
    for _, of_arm in named.groupby("arm"):
        if of_arm["arm_digest"].nunique() > 1:
            extra[of_arm.index] += ", data=" + of_arm["arm_digest"].str[:8].fillna("unknown")
    named["setting"] = named["plain"] + extra
    for _, cell in named.groupby(["model", "setting"]):
        ways = cell[PRECISION].dropna()
        if ways.nunique() > 1:  # seeds of one run that went on where the arithmetic is another
            named.loc[ways.index, "setting"] += f", {PRECISION}=" + ways
    # What nothing above tells apart, as two files of one network's name, is told apart by the trial itself.
    alike = named.duplicated(["model", "setting", "seed"], keep=False)
    named.loc[alike, "setting"] += ", trial=" + named.loc[alike, "trial"]
    return named


def with_gaps(rows: pd.DataFrame) -> pd.DataFrame:
    """Adds a missing trial for each setting that another network has and this one has not.

    Args:
        rows: with their settings; the added ones have theirs.
    """
    cells = rows[["arm", "augment"]].drop_duplicates()
    wanted = rows[["model"]].drop_duplicates().merge(cells, how="cross")
    present = set(zip(rows["model"], rows["arm"], rows["augment"], strict=True))
    gaps = [cell for cell in wanted.itertuples(index=False, name=None) if cell not in present]
    if not gaps:
        return rows
    added = pd.DataFrame(gaps, columns=["model", "arm", "augment"])
    added = added.assign(status="missing", reason="not in these results")
    added["plain"] = added["setting"] = [plain_setting(arm, augment) for _, arm, augment in gaps]
    return pd.concat([rows, added.reindex(columns=rows.columns)], ignore_index=True)


def shared_protocol(trials: pd.DataFrame) -> dict[str, str]:
    """The fields in which all trials agree with each other but not with the paper's protocol, and their values."""
    read, paper = effective(trials), TrialConfig()
    shared = {field: values.iloc[0] for field in PROTOCOL if (values := _said_of_all(read[field])).nunique() == 1}
    # The paper has no such encoder, whatever the field's default.
    told = {field for field, value in shared.items() if value != getattr(paper, field) or field == "encoder"}
    return {field: shown_value(value, field) for field, value in shared.items() if field in told}


def _said_of_all(values: pd.Series[Any]) -> pd.Series[Any]:
    """A field's values; none of a field that says something of some of these trials alone."""
    said = values.dropna()
    return said if len(said) == len(values) or values.name not in _OF_SOME else said.iloc[:0]


def effective(trials: pd.DataFrame) -> pd.DataFrame:
    """The same trials; fields that were not there yet are at the default, those that a trial does not read are gone."""
    paper = TrialConfig()
    read = trials.fillna({field: getattr(paper, field) for field in PROTOCOL})
    for kind, package, marker in (("model", "ablate.models", OfNetwork), ("augment", "ablate.augment", OfAugmentation)):
        for name in trials[kind].unique():
            for field in {*fields_of(marker)} - _reads(package, name):
                read[field] = read[field].astype(object).where(trials[kind] != name, None)
    for field in OF_LEARNING_ENCODERS:
        read[field] = read[field].astype(object).where(read["freeze_encoder"].ne(True), None)
    looks = read["fda"].gt(0) | read["adapt"].ne("none")
    read["unlabelled"] = read["unlabelled"].astype(object).where(looks, None)
    return read


def _reads(package: str, name: str) -> frozenset[str]:
    try:
        return plugins.reads(package, name)
    except (OSError, UsageError):
        return frozenset(TrialConfig.model_fields)  # the part is gone; what it read is not known


def told_value(field: str, value: Hashable) -> str:
    """What the name of a setting, or a sentence, says of a field."""
    match field:
        case "train_names":
            return shown_value(value, field) if value else "all images"
        case "train_images":
            return f"{shown_value(value, field)} images"
        case _:
            return f"{field}={shown_value(value, field)}"


def shown_value(value: Hashable, field: str = "") -> str:
    """A field's value as a table says it."""
    if field in IMAGES and not value:
        return "all"
    if field == "train_names":
        return str(value)
    return format(value, "g") if isinstance(value, float) else _stem(str(value))


def _stem(name: str) -> str:
    return Path(name).stem if "/" in name or plugins.is_path(name) else name
