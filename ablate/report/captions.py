"""What stands beside a table: its title, what its numbers mean, and what is not in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from ablate.config import Recipe, TrialConfig, fields_of, trial_config
from ablate.data.published import LISTED_FROM
from ablate.errors import UsageError
from ablate.identity import Identities
from ablate.report.layout import plural
from ablate.stats.holm import ALPHA, divisors
from ablate.stats.protocols import Protocol
from ablate.stats.scores import MOST_SETTINGS, Group, NetworkTable
from ablate.stats.settings import PRECISION
from ablate.stats.summary import Summary
from ablate.stats.test_set import CONSTANT, Photographs

# What stands for any choice of images: the code that a trial runs depends on whether there is one, not on which.
_CHOSEN = {"train_names": ".", "train_images": 1}
NO_BREAK = "\N{NO-BREAK SPACE}"  # where a note must not be wrapped


def unbroken(text: str) -> str:
    """Text that stays on one line."""
    return text.replace(" ", NO_BREAK)


def photographs_title(photographs: Photographs) -> str:
    """Of Table 1: how many photographs there are, and where."""
    where = plural(len(photographs.with_animal), "location")
    return f"Test photographs: {photographs.n_animal} with an animal at {where}, {photographs.n_empty} without"


def photographs_notes(photographs: Photographs) -> Iterator[str]:
    """Which locations have a row of their own, and what the baselines are."""
    few = {name: number for name, number in photographs.counts["animal"].items() if 0 < number < LISTED_FROM}
    total = len(photographs.with_animal)
    if photographs.all_are_small and total:
        yield f"No location reaches {LISTED_FROM} photographs with an animal, so all are listed below."
    elif few:
        yield (
            f"{total - len(few)} of {plural(total, 'location')} with at least {LISTED_FROM} photographs with an animal "
            "are listed below. Those with fewer count in the image-weighted average only: "
            f"{', '.join(f'{name} ({number})' for name, number in few.items())}."
        )
    if photographs.constant_box is not None:
        left, top, right, bottom = (f"{100 * edge:.0f}" for edge in photographs.constant_box)
        yield (
            "Last columns: mean box IoU in percent of two predictions that need no network. The best constant box, "
            f"fitted to these very photographs, spans {left} to {right} % of the width and {top} to {bottom} % of the "
            "height."
        )
    for name, text in photographs.detectors.items():
        yield f"{name} is a detector that was not trained here: {text}."


def network_title(table: NetworkTable) -> str:
    """Of Tables 2-4."""
    return f"{table.title}: mean box IoU in percent"


def titled(title: str, protocol: Protocol) -> str:
    """A title that tells whose numbers they are, where another protocol has a table of that title."""
    return title if protocol.main else f"{title} ({protocol.title})"


def protocols_note(group: Group) -> str:
    """That trials on the same photographs were trained by other protocols, and by which."""
    others = "; ".join(f"{one.title} ({one.about})" for one in group.others)
    return (
        f"{len(group.others) + 1} protocols, kept apart: no mean, verdict or headline mixes two. First the one with "
        f"the most trained networks, or of equally many the last run's ({group.protocol.about}); then: {others}."
    )


def protocol_note(protocol: Protocol) -> str:
    """What a reader must know of a protocol that is not the main one."""
    return f"Kept apart from the main protocol, from which these trials differ: {', '.join(protocol.instead)}."


def no_verdict(protocol: Protocol) -> str:
    """Why trials have no say."""
    return (
        f"space={', '.join(protocol.spaces)} judges nothing: it shows that everything works, with networks that are "
        "too small and too briefly trained to compare."
    )


def network_notes(table: NetworkTable, found: Sequence[Summary], starred: bool, marked: bool = True) -> Iterator[str]:
    """Units and meaning in one line, then what a reader must know to believe the numbers.

    Args:
        found: the summaries of the network's settings.
        marked: the best of a row stands out.
    """
    mark = "*" if starred else "bold"
    text = f"; {mark}: highest of its row (lowest for false alarms), which may be no more than noise" * marked
    yield f"Box round the largest segment against the best-matching true box; n: photographs{text}."
    seeds = {len(table.seeds(setting)) for setting in table.mean.columns} - {0}
    if max(seeds, default=0) > 1:
        number = f"{min(seeds)} to {max(seeds)}" if len(seeds) > 1 else str(max(seeds))
        yield f"Mean over {number} seeds; ± is the standard deviation over seeds."
    if table.left_out:
        total = len(table.mean.columns) + table.left_out
        yield (
            f"Here and in all tables by setting: the {MOST_SETTINGS} best of its {total:,} settings (image-weighted), "
            "and the paper's. " + unbroken("python -m ablate.query query=scores") + " lists all."
        )
    if table.transductive:
        settings = "; ".join(map(unbroken, table.transductive))
        yield f"Transductive: {settings}. Their translator or training saw these very photographs, without boxes."
    pasted = table.trials.loc[table.trials["paste"].gt(0), "setting"]
    if shown := [setting for setting in table.transductive if setting in {*pasted}]:
        settings = "; ".join(map(unbroken, shown))
        yield f"Not comparable, false alarms of {settings}: the empty photographs were its backgrounds in training."
    if table.protocol:
        fields = ", ".join(f"{field}={value}" for field, value in table.protocol.items())
        yield f"Not the paper's protocol: {fields}."
    yield from mixtures(table.trials)
    yield from _against_baseline(found)


def mixtures(trials: pd.DataFrame, compared: bool = False) -> Iterator[str]:
    """What the configuration does not tell of how trials were trained and scored, where it is not the same for all.

    Args:
        trials: rows of `trials`; those that are not done have no part in it.
        compared: with each other, in pairs.
    """
    done = trials[trials["status"] == "done"]
    for doing, how, device in (
        ("Trained", done["precision_used"].fillna("unknown") + _execution(done), "device"),
        ("Scored", done["score_precision"].fillna("unknown"), "score_device"),
    ):
        ways = Counter(zip(how, done[device].fillna("unknown"), strict=True))
        if len(ways) > 1:
            entries = (f"{way} on {where} ({number})" for (way, where), number in sorted(ways.items()))
            yield f"{doing} in different ways, by number of trials: {'; '.join(entries)}."
    if compared and done[PRECISION].nunique() > 1:
        yield "Only trainings in one arithmetic are compared; trial.precision=float32 gives all the same."
    todays = _by_todays_code(done)
    versions = done.groupby(_parts(done).map(str))["code_digest"].nunique()
    if 0 < todays.sum() < len(todays) or versions.max() > 1:
        yield (
            f"Trained by different versions of the code, {todays.sum()} of {plural(len(todays), 'trial')} by today's; "
            + unbroken("rerun=changed")
            + " repeats the others."
        )


def _execution(done: pd.DataFrame) -> pd.Series[str]:
    """How steps were carried out, where it was not the plain way, which was the only one once."""
    used = done["execution_used"].fillna("eager")
    return (", " + used).where(used != "eager", "")


def _by_todays_code(done: pd.DataFrame) -> pd.Series[bool]:
    """Whether the code that trained each trial does what today's does."""
    parts, identities = _parts(done), Identities()
    keys = [str(one) for one in parts]
    todays = {key: _todays_code(one, identities) for key, one in dict(zip(keys, parts, strict=True)).items()}
    same = [code == todays[key] for key, code in zip(keys, done["code_digest"], strict=True)]
    return pd.Series(same, index=done.index, dtype=bool)


def _parts(done: pd.DataFrame) -> pd.Series[Any]:
    """The fields of each trial that decide which code it ran."""
    fields = ["model", "augment", "adapt", *_CHOSEN, *fields_of(Recipe)]
    table = done.reindex(columns=fields)
    for field, chosen in _CHOSEN.items():
        unchosen = table[field].isna() | (table[field] == TrialConfig.model_fields[field].default)
        table[field] = table[field].where(unchosen, chosen)
    rows = table.to_dict("records")
    return pd.Series([{name: value for name, value in row.items() if pd.notna(value)} for row in rows], done.index)


def _todays_code(parts: dict[str, Any], identities: Identities) -> str | None:
    """Digest of today's code for some parts; None where a part is gone."""
    try:
        return identities.code_digest(trial_config(parts))
    except (OSError, SyntaxError, UsageError):
        return None


def unfinished(table: NetworkTable) -> Iterator[str]:
    """Each trial without a number, and why; none of them is part of any mean."""
    absent = table.trials[table.trials["status"] != "done"].sort_values(["status", "setting", "seed"])
    for status, setting, seed, reason in absent[["status", "setting", "seed", "reason"]].itertuples(index=False):
        of_seed = "" if pd.isna(seed) else f", seed {seed:.0f}"
        yield f"{status}: {unbroken(setting)}{of_seed}: {reason}"


def _against_baseline(found: Sequence[Summary]) -> Iterator[str]:
    """Which settings are better than a prediction that looks at nothing, as far as their intervals tell."""
    known = [one for one in found if not one.gain.too_few_locations]
    for several in (True, False):
        asked = [one for one in known if (one.gain.seeds > 1) == several]
        divided = divisors([one.gain.p for one in asked])
        gains = [(one, one.gain.at(1 - ALPHA / divisor)) for one, divisor in zip(asked, divided, strict=True)]
        entries = {
            "better": [one for one, gain in gains if gain.low > 0],
            "worse": [one for one, gain in gains if gain.high < 0],
            "undecided": [one for one, gain in gains if not gain.excludes_zero],
        }
        names = {words: "; ".join(unbroken(one.setting) for one in those) for words, those in entries.items()}
        said = [f"{words}: {those}" for words, those in names.items() if those]
        if said:
            which = "" if several else "; of one seed, so of these trainings alone"
            yield (
                f"Against the {CONSTANT} (image-weighted, intervals by Holm's correction for "
                f"{plural(len(asked), 'setting')}{which}): {'. '.join(said)}."
            )
