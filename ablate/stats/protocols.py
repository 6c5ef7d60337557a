"""Which trials may be compared: those of one protocol. No mean, verdict or headline is of several.

What varies within one run of a space is what that run studies; a field in which only trials of different runs differ
is protocol. So the shares of `data_size` stand side by side, and a grid with `trial.epochs=1` stands apart from the
same grid with 20. Runs of one protocol are shown together, whatever their spaces and seeds. A trial that no plan knows
is of the protocol that it fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from ablate.results.runs import SpaceRequest
from ablate.stats.settings import PRECISION, PROTOCOL, effective, shown_value

_NAMED = 3  # fields in a title
_DATA = " images="  # of an arm: which ones


@dataclass(frozen=True)
class Protocol:
    """Trials of one set of photographs that may be compared.

    Attributes:
        spaces: whose runs asked for them; empty where no plan is left.
        values: of every field that its trials read, and of each arm the digest of its images; not of those varied.
        varied: the fields that its runs study.
        judges: whether verdicts may be made of them.
        networks: how many of them are trained.
        differs: from the main protocol, as `field=value`; empty of the main one itself.
        instead: the same, with what the main one has.
    """

    trials: frozenset[str]
    spaces: tuple[str, ...]
    values: Mapping[str, object]
    varied: frozenset[str]
    judges: bool = True
    networks: int = 0
    differs: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    main: bool = True

    @property
    def title(self) -> str:
        """How it differs from the main one, in short."""
        more = len(self.differs) - _NAMED
        return ", ".join(self.differs[:_NAMED]) + (f" and {more} more" if more > 0 else "")

    @property
    def about(self) -> str:
        """Where its trials come from."""
        spaces = [f"space={', '.join(self.spaces)}"] if self.spaces else []
        return ", ".join([*spaces, f"{self.networks} trained network{'' if self.networks == 1 else 's'}"])

    def fits(self, other: Protocol) -> bool:
        """Whether nothing that both read and neither varies differs."""
        free = self.varied | other.varied
        return all(self.values[field] == other.values[field] for field in (self.values.keys() & other.values) - free)

    def with_trials(self, other: Protocol) -> Protocol:
        """Both together."""
        spaces = tuple(dict.fromkeys([*self.spaces, *other.spaces]))
        values = {field: value for field, value in other.values.items() if field not in self.varied}
        return replace(self, trials=self.trials | other.trials, spaces=spaces, values={**values, **self.values})


def protocols(trials: pd.DataFrame, plans: Sequence[SpaceRequest]) -> list[Protocol]:
    """The protocols of some trials, the main one first: the one of most trained networks, of equal ones the last run's.

    Args:
        trials: rows of `trials` that were scored on the same photographs, without detectors.
        plans: the earliest first.
    """
    if not len(trials):
        return [Protocol(frozenset(), (), {}, frozenset())]
    fields = _fields(trials)
    found: list[Protocol] = []
    for plan in plans:
        known = fields.keys() & set(plan.trials)
        if known:
            _join(found, _of(plan, {trial: fields[trial] for trial in known}))
    for alike in _by_fields(fields, sorted(fields.keys() - {trial for plan in plans for trial in plan.trials})):
        _join_anywhere(found, _of(SpaceRequest(space="", trials=alike), {trial: fields[trial] for trial in alike}))
    done = set(trials.loc[trials["status"] == "done", "trial"])
    kept = [replace(one, networks=len(one.trials & done)) for one in found if not _is_within_another(one, found)]
    ordered = [one for _, one in sorted(enumerate(kept), key=lambda pair: _rank(*pair), reverse=True)]
    return [ordered[0], *(_beside(one, ordered[0]) for one in ordered[1:])]


def _rank(number: int, one: Protocol) -> tuple[bool, int, int]:
    return one.judges, one.networks, number


def _fields(trials: pd.DataFrame) -> dict[str, dict[str, object]]:
    """What each trial read, by trial: the protocol's fields, the arithmetic, and its arm's images."""
    read = effective(trials).astype(object)
    found: dict[str, dict[str, object]] = {str(trial): {} for trial in read["trial"]}
    for field in [*PROTOCOL, *([PRECISION] if PRECISION in read else [])]:
        known = read[field].notna()
        for trial, value in zip(read["trial"][known], read[field][known], strict=True):
            found[trial][field] = value
    known = read["arm_digest"].notna()
    for trial, arm, digest in read.loc[known, ["trial", "arm", "arm_digest"]].itertuples(index=False):
        found[trial][f"{arm}{_DATA}"] = str(digest)[:8]
    return found


def _by_fields(fields: Mapping[str, Mapping[str, object]], trials: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Trials that read the same, together."""
    alike: dict[object, list[str]] = {}
    for trial in trials:
        alike.setdefault(frozenset(fields[trial].items()), []).append(trial)
    yield from map(tuple, alike.values())


def _of(plan: SpaceRequest, fields: Mapping[str, Mapping[str, object]]) -> Protocol:
    """The protocol of one plan: what its trials have in common, and what it varies."""
    seen: dict[str, set[object]] = {}
    for field, value in (pair for values in fields.values() for pair in values.items()):
        seen.setdefault(field, set()).add(value)
    varied = frozenset(field for field, values in seen.items() if len(values) > 1)
    values = {field: next(iter(values)) for field, values in seen.items() if field not in varied}
    spaces = (plan.space,) if plan.space else ()
    return Protocol(frozenset(fields), spaces, values, varied, plan.judges)


def _join(found: list[Protocol], new: Protocol) -> None:
    """Adds the trials to the protocol that they are of, or as one of their own; the last one is the latest."""
    same = [one for one in found if (one.varied, one.judges) == (new.varied, new.judges) and one.fits(new)]
    if same:
        found.remove(same[0])
    found.append(same[0].with_trials(new) if same else new)


def _join_anywhere(found: list[Protocol], new: Protocol) -> None:
    """The same for trials that no plan knows, which may be of those that a run varied."""
    for number, one in enumerate(found):
        if one.judges and one.fits(new):
            found[number] = one.with_trials(new)
            return
    found.append(new)


def _is_within_another(one: Protocol, found: Iterable[Protocol]) -> bool:
    """Whether another protocol, which judges if this one does, has all of its trials."""
    return any(
        one.trials < other.trials or (one.trials == other.trials and other.judges and not one.judges)
        for other in found
        if other is not one and other.judges >= one.judges
    )


def _beside(one: Protocol, main: Protocol) -> Protocol:
    """A protocol that knows in what it differs from the main one."""
    fields = [field for field in (*PROTOCOL, PRECISION) if _differs(field, one, main)]
    fields += sorted(field for field in one.values if field.endswith(_DATA) and _differs(field, one, main))
    differs = [_told(field, one) for field in fields]
    instead = [f"{text} instead of {_value(field, main)}" for text, field in zip(differs, fields, strict=True)]
    alike = (f"space={', '.join(one.spaces)}",)
    return replace(one, differs=tuple(differs) or alike, instead=tuple(instead) or alike, main=False)


def _differs(field: str, one: Protocol, main: Protocol) -> bool:
    if field in one.varied or field in main.varied:
        return (field in one.varied) != (field in main.varied) and (field in one.varied or field in one.values)
    return field in one.values and field in main.values and one.values[field] != main.values[field]


def _told(field: str, one: Protocol) -> str:
    return f"{field} varied" if field in one.varied else f"{field.removesuffix('=')}={_value(field, one)}"


def _value(field: str, one: Protocol) -> str:
    if field in one.varied:
        return "several"
    return shown_value(one.values[field], field) if field in one.values else "none"
