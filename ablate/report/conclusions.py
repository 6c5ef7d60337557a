"""The tables that decide: averages with intervals, and which differences are real. Grids of text and their notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ablate.data.published import LISTED_FROM
from ablate.report.layout import plural
from ablate.report.number_format import interval, percent, points, points_interval
from ablate.report.text_grid import Cell, Grid, under_names
from ablate.stats.contrasts import BOTH_BELOW, Contrast
from ablate.stats.intervals import FEW_BELOW, MOST_SEEDS, POWER, Estimate
from ablate.stats.summary import Summary
from ablate.stats.test_set import CONSTANT

SUMMARY_TITLE = "Averages with 95 % intervals, mean box IoU in percent"
CONTRASTS_TITLE = "Which differences are real? Image-weighted, in points of mean box IoU"


def summary_grid(summaries: Sequence[Summary]) -> Grid:
    """A row for each setting, under its network's name."""
    headers = [
        "setting",
        "scored\nepoch",
        "image-\nweighted",
        "interval",
        "gain",
        "macro",
        "interval",
        "worst\nlocation",
    ]
    rows = []
    for summary in summaries:
        location, lowest = summary.worst
        cells = [
            Cell(f"  {summary.setting}"),
            Cell(summary.selection.replace("_", " ")),
            *_estimate(summary.weighted),
            Cell(points(summary.gain.mean)),
            *_estimate(summary.macro),
            Cell(f"{percent(lowest)} ({location})" if location else "-"),
        ]
        rows.append((summary.network, cells))
    return Grid(headers, under_names(rows))


def summary_notes(summaries: Sequence[Summary]) -> Iterator[str]:
    """What the intervals mean, and what they do not hold."""
    weighted, macro = summaries[0].weighted, summaries[0].macro
    yield (
        "Intervals: cluster-robust over locations (CR2, Satterthwaite), and over seeds where there are several. "
        f"Effective locations (Kish): {weighted.kish:.1f} image-weighted, {macro.kish:.1f} macro."
    )
    if weighted.few_locations or macro.few_locations:
        which = [name for name, one in (("image-weighted", weighted), ("macro", macro)) if one.few_locations]
        yield _few(" and ".join(which))
    yield (
        f"gain: image-weighted, over the {CONSTANT}; worst location: of the listed ones (at least {LISTED_FROM} "
        "photographs, or all where none has so many)."
    )
    yield (
        "scored epoch: last (the paper's) or best val, chosen on synthetic images alone (trial.selection=best_val); "
        "trial.oracle=true also shows the most that any rule could have reached."
    )
    yield _seed_note(summary.weighted.seeds for summary in summaries)


def contrasts_grid(contrasts: Sequence[Contrast]) -> Grid:
    """A row for each answered question, over all networks first, then under each network's name."""
    powered = any(one.decidable for one in contrasts)  # of one seed no power is known
    rows = []
    for contrast in contrasts:
        better, other = contrast.question.names
        cells = [
            Cell(f"  {better} - {other} ({contrast.pairs} x {contrast.effect.seeds})"),
            Cell(points(contrast.effect.mean)),
            Cell(points_interval(contrast.effect)),
            *([Cell(percent(contrast.effect.detectable))] if powered else []),
            Cell(contrast.verdict + _to_settle(contrast), bold=contrast.praised),
        ]
        rows.append((_block(contrast, contrasts), cells))
    power = f"{100 * POWER:.0f} %\npower"
    headers = ["difference (pairs x seeds)", "points", "interval", *([power] if powered else []), "verdict"]
    return Grid(headers, under_names(rows), left=(0, len(headers) - 1))


def _block(contrast: Contrast, contrasts: Sequence[Contrast]) -> str:
    """The name of a block of questions: Holm's family, and the levels that he gives its intervals."""
    levels = {f"{100 * one.effect.level:.1f}" for one in contrasts if one.scope == contrast.scope}
    text = " to ".join(dict.fromkeys([min(levels), max(levels)]))
    return f"{contrast.scope} ({plural(contrast.asked, 'question')}; intervals of {text} %)"


def contrasts_notes(contrasts: Sequence[Contrast]) -> Iterator[str]:
    """How the verdicts come about."""
    yield (
        "Compared photograph by photograph, between settings that differ in nothing else (pairs: how many; with a "
        "tuned encoder go its batch norm and its rate), over the "
        "seeds that all of them have. All questions were planned before any result was known."
    )
    yield (
        "Holm's correction for the questions of a block gives each interval its level, so that the block as a whole is "
        "at 95 %. With several seeds an interval includes the noise of locations, photographs and trainings, and a "
        "difference is settled where its interval excludes 0."
    )
    seeds = sorted({one.effect.seeds for one in contrasts})
    if seeds[-1] > 1:
        yield (
            f"{100 * POWER:.0f} % power: the smallest true difference, in points, that would be settled in so many of "
            "100 repetitions with these seeds and locations and the noise seen (with 2 seeds in about 55, with 3 "
            "in 70)."
        )
    if any(one.verdict == BOTH_BELOW for one in contrasts):
        yield f"{BOTH_BELOW}: neither has learned anything that this metric measures, so which is ahead means nothing."
    sentences = {_to_settle(one) for one in contrasts} - {""}
    if sentences:
        yield (
            "might: what would give this power for a difference as large as the one seen"
            f"{'; none is given where no number of seeds would' * (_NO_SEEDS in sentences)}."
        )
    if seeds[0] == 1:
        yield (
            "With one seed an interval lacks the noise of trainings, so nothing is settled about a setting: other "
            "trainings of the same settings need not differ like this. seeds=3 gives a first estimate."
        )
    if any(one.effect.few_locations for one in contrasts):
        yield _few("")


_NO_SEEDS = "; more locations might"


def _to_settle(contrast: Contrast) -> str:
    """What might settle a difference of the size that was seen, where several seeds did not."""
    if contrast.settled or not contrast.decidable:
        return ""
    seeds = contrast.effect.seeds_to_settle
    if seeds is None:
        return _NO_SEEDS
    return f"; {seeds} seeds might" if seeds <= MOST_SEEDS else f"; over {MOST_SEEDS} seeds might"


def _few(which: str) -> str:
    return (
        f"With fewer than {FEW_BELOW:g} effective locations, intervals miss the true value somewhat more often than "
        f"their level says (benchmarks/results/coverage.json){': ' * bool(which)}{which}."
    )


def _seed_note(seeds: Iterable[int]) -> str:
    counts = sorted(set(seeds))
    if counts == [1]:
        unknown = "One seed: how much another would change is unknown, and no interval includes it."
        return f"{unknown} seeds=3 gives a first estimate."
    ranged = " to ".join(map(str, dict.fromkeys([counts[0], counts[-1]])))
    return f"{ranged} seeds: the noise between them is in the intervals{' where there are several' * (1 in counts)}."


def _estimate(estimate: Estimate) -> list[Cell]:
    return [Cell(percent(estimate.mean)), Cell(interval(estimate))]
