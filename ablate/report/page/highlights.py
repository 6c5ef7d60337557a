"""What the results say, in a few sentences: read first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ablate.report.captions import no_verdict, protocol_note, protocols_note
from ablate.report.layout import plural
from ablate.report.number_format import interval, percent, points, points_interval
from ablate.stats.contrasts import ALL, BOTH_BELOW, Contrast
from ablate.stats.scores import Group
from ablate.stats.summary import Summary
from ablate.stats.test_set import CONSTANT, MACRO, WEIGHTED, Photographs


def group_highlights(group: Group, summaries: Sequence[Summary], contrasts: Sequence[Contrast]) -> Iterator[str]:
    """The same of a group, of which it is said where its trials have no say, or are of one protocol of several."""
    assert group.photographs is not None
    if not group.protocol.judges:
        yield no_verdict(group.protocol)
        return
    yield from highlights(summaries, contrasts, group.photographs)
    if group.others:
        yield protocols_note(group) if group.protocol.main else protocol_note(group.protocol)


def highlights(summaries: Sequence[Summary], contrasts: Sequence[Contrast], photographs: Photographs) -> Iterator[str]:
    """The best settings, and what is settled, of all networks together or of the only one."""
    for name in (WEIGHTED, MACRO):
        means = [(one.weighted if name == WEIGHTED else one.macro, one) for one in summaries]
        known = [pair for pair in means if not math.isnan(pair[0].mean)]
        if known:
            mean, best = max(known, key=lambda pair: pair[0].mean)
            constant = photographs.baseline(("average", name))[CONSTANT]
            if mean.mean <= constant:
                yield f"No setting reaches the {name} mean IoU of the {CONSTANT}, {percent(constant)} %."
                continue
            yield (
                f"Highest {name} mean IoU: {best.network}, {best.setting}, with {percent(mean.mean)} % "
                f"{interval(mean)}; the {CONSTANT} scores {percent(constant)} %."
            )
    scopes = {one.scope for one in contrasts}
    yield from _differences([one for one in contrasts if one.scope == ALL or len(scopes) == 1])


def _differences(asked: Sequence[Contrast]) -> Iterator[str]:
    together = "over all networks together, " * any(one.scope == ALL for one in asked)
    settled = [one for one in asked if one.praised]
    if settled:
        entries = (f"{one.verdict} ({points(one.gain.mean)} points {points_interval(one.gain)})" for one in settled)
        family = plural(settled[0].asked, "question")
        yield f"Settled ({together}intervals by Holm's correction for {family}): {'; '.join(entries)}."
    below = [_sides(one) for one in asked if one.verdict == BOTH_BELOW]
    if below:
        why = f"because both are below the {CONSTANT}"
        yield f"Neither has learned anything that this metric measures, {why}: {'; '.join(below)}."
    if any(one.state == "one seed" for one in asked):
        yield "One seed decides nothing about a setting; seeds=3 gives a first estimate."
    open_ones = [_sides(one) for one in asked if not one.settled and one.state != "one seed"]
    if open_ones:
        yield f"Not settled: {'; '.join(open_ones)}."


def _sides(contrast: Contrast) -> str:
    return " - ".join(contrast.question.names)
