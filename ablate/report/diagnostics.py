"""The tables that say where the numbers come from, and how far they can be trusted. Grids of text and their notes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ablate.report.number_format import percent, points
from ablate.report.text_grid import Cell, Grid, under_names
from ablate.stats.epoch_selection import BEST_VAL, LAST, EpochChoice, EpochRules
from ablate.stats.hit_rates import HitRates
from ablate.stats.summary import Summary
from ablate.stats.validation import Agreement

HITS_TITLE = "Hit rate: percent of the photographs whose IoU reaches a threshold"
RULES_TITLE = "Which epoch is scored: image-weighted mean box IoU in percent (epoch) by each rule"
LIMITS_TITLE = "The metric's own limits"
AGREEMENTS_TITLE = "Does the validation on synthetic images predict the IoU on photographs?"

_THRESHOLDS = (0.1, 0.25, 0.5, 0.75, 0.9)


def hits_grid(found: Sequence[HitRates]) -> Grid:
    """A row for each setting, a column for some thresholds."""
    rates = [(one, one.rates(_THRESHOLDS)) for one in found]
    rows = [(one.network, [Cell(f"  {one.setting}"), *(Cell(percent(rate)) for rate in own)]) for one, own in rates]
    return Grid(["setting", *(f"IoU >=\n{threshold:g}" for threshold in _THRESHOLDS)], under_names(rows))


def hits_notes() -> Iterator[str]:
    """What the numbers mean."""
    yield "Over all photographs with an animal. The mean IoU is the mean of this rate over all thresholds."


def rules_grid(found: Sequence[EpochRules]) -> Grid:
    """A row for each setting, a column for each rule."""
    rows = [
        (
            one.network,
            [
                Cell(f"  {one.setting}"),
                Cell(choice_text(one.last), bold=one.scored == LAST),
                Cell(choice_text(one.best_val), bold=one.scored == BEST_VAL),
                Cell(choice_text(one.oracle), faint=True),
            ],
        )
        for one in found
    ]
    return Grid(
        ["setting", "last epoch\n(the paper)", "best synthetic\nvalidation", "oracle on the\nphotographs"],
        under_names(rows),
    )


def rules_notes(found: Sequence[EpochRules]) -> Iterator[str]:
    """What the columns mean."""
    scored = " and ".join(sorted({one.scored.replace("_", " ") for one in found}))
    yield (
        f"The other tables use: {scored}. The oracle uses the true boxes: it shows the most that any rule could have "
        "reached, and never chooses."
    )
    if any(math.isnan(one.oracle.iou) for one in found):
        yield ("-: not recorded, or measured on other photographs; trial.oracle=true measures them after every epoch.")


def choice_text(choice: EpochChoice) -> str:
    """The IoU in percent, and the epoch."""
    return "-" if math.isnan(choice.iou) else f"{percent(choice.iou)} ({choice.epoch:g})"


def limits_grid(summaries: Sequence[Summary]) -> Grid:
    """What the box of the largest component does not see, for each setting."""
    rows = [
        (
            summary.network,
            [
                Cell(f"  {summary.setting}"),
                Cell(percent(summary.weighted.mean)),
                Cell(percent(summary.another)),
                Cell(points(summary.any_gain)),
                Cell("-" if math.isnan(summary.mask) else f"{summary.mask:.2f}"),
            ],
        )
        for summary in summaries
    ]
    headers = [
        "setting",
        "IoU",
        "another component\nfits better",
        "best component\nwould add",
        "correlation\nwith mask IoU",
    ]
    return Grid(headers, under_names(rows))


def limits_notes(several: float) -> Iterator[str]:
    """What the columns mean."""
    yield (
        "Percent of the photographs with an animal, and points of mean box IoU if the best-fitting component were "
        "always chosen instead of the largest. The correlation of box IoU with mask IoU is over photographs; - without "
        "masks."
    )
    if not math.isnan(several):
        yield f"{percent(several)} % of these photographs have several true boxes; the best-matching one counts."


def agreements_grid(found: Sequence[Agreement]) -> Grid:
    """A row for each group of trials."""
    rows = [
        (one.about, [Cell(f"  {one.what}"), Cell(str(one.points)), Cell(_number(one.rho)), Cell(_interval(one))])
        for one in found
    ]
    return Grid(["trials of", "n", "rank\ncorrelation", "interval"], under_names(rows))


def agreements_notes() -> Iterator[str]:
    """What the numbers mean."""
    yield (
        "Spearman's, between the validation IoU of the scored epoch and the mean box IoU over all photographs. Near 1, "
        "choosing by validation is choosing well; near 0 it is choosing at random."
    )
    yield (
        "Over several settings it also tests whether validation ranks settings, whose validation images differ (full, "
        "crop, i2i). n: configurations, each the mean over its seeds, or the trainings of a single one."
    )


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:+.2f}"


def _interval(one: Agreement) -> str:
    return "-" if math.isnan(one.low) else f"[{one.low:+.2f}, {one.high:+.2f}]"
