"""What stands beside a table: its title, what its numbers mean, and what is not in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd

from ablate.report.layout import plural
from ablate.report.photographs import CONSTANT, LISTED_FROM, Photographs
from ablate.report.settings import model_title
from ablate.report.summary import Summary
from ablate.report.tables import MOST_SETTINGS, NetworkTable

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
    for name, told in photographs.detectors.items():
        yield f"{name} is a detector that was not trained here: {told}."


def network_title(table: NetworkTable) -> str:
    """Of Tables 2-4."""
    return f"{model_title(table.model)}: mean box IoU in percent"


def network_notes(table: NetworkTable, found: Sequence[Summary], starred: bool) -> Iterator[str]:
    """Units and meaning in one line, then what a reader must know to believe the numbers.

    Args:
        found: the summaries of the network's settings.
    """
    mark = "*" if starred else "bold"
    yield (
        f"Box round the largest segment against the best-matching true box; n: photographs; {mark}: highest of its row "
        "(of false alarms lowest), which need not be more than noise."
    )
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
        yield f"Transductive: {settings}. Translators learned from these very photographs, without any label."
    if table.protocol:
        fields = ", ".join(f"{field}={value}" for field, value in table.protocol.items())
        yield f"Not the paper's protocol: {fields}."
    yield from mixtures(table.trials)
    yield from _against_baseline(found)


def mixtures(trials: pd.DataFrame) -> Iterator[str]:
    """What the configuration does not tell of how trials were trained and scored, where it is not the same for all.

    Args:
        trials: rows of `trials`; those that are not done have no part in it.
    """
    done = trials[trials["status"] == "done"]
    for doing, precision, device in (
        ("Trained", "precision_used", "device"),
        ("Scored", "score_precision", "score_device"),
    ):
        ways = Counter(zip(*(done[column].fillna("unknown") for column in (precision, device)), strict=True))
        if len(ways) > 1:
            told = (f"{how} on {where} ({number})" for (how, where), number in sorted(ways.items()))
            yield f"{doing} in different ways, by number of trials: {'; '.join(told)}."
    versions = done.groupby(["model", "augment"])["code_digest"].nunique()
    if len(versions) and versions.max() > 1:
        yield (
            f"Trained by up to {versions.max()} versions of the code (code_digest in trials); "
            + unbroken("rerun=changed")
            + " repeats those that today's did not train."
        )


def unfinished(table: NetworkTable) -> Iterator[str]:
    """Each trial without a number, and why; none of them is part of any mean."""
    absent = table.trials[table.trials["status"] != "done"].sort_values(["status", "setting", "seed"])
    for status, setting, seed, reason in absent[["status", "setting", "seed", "reason"]].itertuples(index=False):
        of_seed = "" if pd.isna(seed) else f", seed {seed:.0f}"
        yield f"{status}: {unbroken(setting)}{of_seed}: {reason}"


def _against_baseline(found: Sequence[Summary]) -> Iterator[str]:
    """Which settings are better than a prediction that looks at nothing, as far as their intervals tell."""
    known = [one for one in found if one.gain.places is not None]
    if not known:
        return
    told = {
        f"Better than the {CONSTANT} (image-weighted, 95 % intervals)": [one for one in known if one.gain.low > 0],
        f"Worse than the {CONSTANT}": [one for one in known if one.gain.high < 0],
        f"Not told apart from the {CONSTANT}": [one for one in known if not one.gain.excludes_zero],
    }
    for words, those in told.items():
        if those:
            yield f"{words}: {'; '.join(unbroken(one.setting) for one in those)}."
    if any(one.gain.seeds == 1 for one in known):
        yield "Of one seed that is said of these trained networks, not of their settings."
