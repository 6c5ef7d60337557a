"""What a search tried and found: its history, and its best trial as a command that repeats it."""

from __future__ import annotations

import collections
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from ablate.report.number_format import percent
from ablate.report.text_grid import Cell, Grid, under_names
from ablate.results import search_record
from ablate.results.search_record import Found, Member
from ablate.stats.search_histories import History
from ablate.stats.test_set import CONSTANT

_MOST = 40  # rows of a history; of a longer one the best
_LUCK = "It is the best of many: some of its lead is luck, as other seeds would show."
_SCORE = {"val_iou": "val IoU", "oracle_iou": "ORACLE\nIoU"}


def history_grid(history: History, starred: bool) -> Grid:
    """A row for each trial; the best is bold."""
    fields = [*history.found[0].member.values]
    rows = [(_cell(one.member), _row(history, one, fields)) for one in _shown(history)]
    headers = ["trial", "", "epochs", _SCORE[history.objective], "photographs\nbox IoU", *map(_broken, fields)]
    return Grid(headers, under_names(rows), left=(0, 1), starred=starred)


def history_notes(history: History) -> Iterator[str]:
    """What was found, what it cost, and how to repeat it."""
    states = collections.Counter(one.status for one in history.found)
    entries = [f"{number} {'stopped early' if status == 'stopped' else status}" for status, number in states.items()]
    yield f"{len(history.found)} trials: {', '.join(entries)}."
    if len(history.found) > _MOST:
        yield f"The {_MOST} best are shown; searches/{history.identity}/ of the results has a file for each."
    yield from _best(history)
    if history.objective == "oracle_iou":
        yield (
            "ORACLE: the search looked at the photographs and their boxes. What it found says how far these fields "
            "could go on these very photographs, not how well a choice without them would do."
        )
    yield from _rounds(history)
    for one in history.found:
        if one.row and one.status in {"failed", "diverged"}:
            yield f"{one.status}: {one.member.name}: {one.row['reason']}, see logs/{one.member.trial}.log"


def commands(history: History) -> list[str]:
    """What repeats the best trial; nothing does where its values changed on the way."""
    best = history.best
    return [search_record.command(best.member)] if best and not best.member.segments else []


def _best(history: History) -> Iterator[str]:
    best, default = history.best, history.default()
    if best is None or best.score is None:
        yield "No trial is done, so none is best."
        return
    said = f"Best: {best.member.name}, {percent(best.score)} % at its last epoch"
    if best.member.is_default:
        yield said + ". That is the default: nothing else did better."
    elif default is None or default.score is None:
        yield said + f". {_LUCK}"
    else:
        gain = 100 * (best.score - default.score)
        yield said + f"; the default has {percent(default.score)} % ({gain:+.1f} points). {_LUCK}"
    if (iou := history.iou.get(best.member.trial, math.nan)) <= history.constant:
        yield (
            f"On the photographs it scores {percent(iou)} %, below the {CONSTANT} ({percent(history.constant)} %): it "
            "has learned nothing that this metric measures."
        )


def _rounds(history: History) -> Iterator[str]:
    """Who of a population continued with whose network, and the values of its best member by epochs."""
    segments = [(one.member, segment) for one in history.found for segment in one.member.segments]
    several = len({member.cell for member, _ in segments}) > 1
    for after in sorted({segment.after for _, segment in segments} - {0}):
        at_round = [(member, segment.parent) for member, segment in segments if segment.after == after]
        exploited = [(member, parent) for member, parent in at_round if parent != member.number]
        shown = [f"{f'{_cell(member)} ' * several}{member.number} with {parent}'s" for member, parent in exploited]
        yield f"After epoch {after} some continued with another one's network: {', '.join(shown) or 'none'}."
    if history.best and history.best.member.segments:
        own = history.best.member.segments
        weights = f"its network is weights/{own[-1].training}.safetensors"
        if all(segment.values == own[0].values for segment in own):
            yield f"The best one's values never changed; {weights}."
        else:
            entries = [f"{one.after + 1}-{one.until}: {_values(one.values)}" for one in own]
            yield f"The best one's values by epochs: {'; '.join(entries)}. No command repeats that; {weights}."


def _values(values: dict[str, object]) -> str:
    return ", ".join(f"{field} {_value(value)}" for field, value in values.items())


def _cell(member: Member) -> str:
    """Network, arm, augmentation and seed, as they begin a member's name."""
    return member.name.partition(f"-{Path(member.space).stem}-")[0]


def _shown(history: History) -> list[Found]:
    if len(history.found) <= _MOST:
        return list(history.found)
    return sorted(history.found, key=lambda one: -1.0 if one.score is None else one.score, reverse=True)[:_MOST]


def _row(history: History, one: Found, fields: Sequence[str]) -> list[Cell]:
    bold = history.best is not None and one.member.trial == history.best.member.trial
    known = one.status == "done"
    return [
        Cell(f"  {one.member.number}{', the default' if one.member.is_default else ''}"),
        Cell("" if known else one.status),
        Cell(str(len(one.epochs)) if one.epochs else "-"),
        Cell("-" if one.score is None else percent(one.score), bold=bold, faint=not known),
        Cell(percent(history.iou[one.member.trial]) if one.member.trial in history.iou else "-"),
        *(Cell(_value(one.member.values[field])) for field in fields),
    ]


def _value(value: object) -> str:
    return format(value, ".3g") if isinstance(value, float) else str(value)


def _broken(field: str) -> str:
    return field.replace("_", "_\n", 1) if len(field) > 12 else field
