"""Which of a file's categories count: those that were asked for, as they are written there."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Mapping, Sequence

from ablate.errors import UsageError
from ablate.results.detectors.path_matching import shown

ANIMAL = "animal"
_NO_ANIMALS = frozenset({"person", "people", "human", "vehicle", "empty", "blank"})
_LISTED = 16


def chosen(asked: Sequence[str], known: Sequence[str], counts: Mapping[str, int]) -> tuple[str, ...]:
    """The names of the file that are meant, each once, sorted.

    Args:
        asked: as typed, split at commas; parts that together are one name are taken for it. None: `animal`, which is
            refused where the file tells species: boxes of animals would be left out.
        known: the file's names.
        counts: boxes that are sure enough, by category; of some that are not known too.

    Raises:
        UsageError: there is no such name, or it could be two; or none was typed and the file tells species.
    """
    if not asked:
        return _default(known, counts)
    names: list[str] = []
    left = list(asked)
    while left:
        size, name = next(
            ((size, found) for size in range(len(left), 0, -1) if (found := _named(",".join(left[:size]), known))),
            (0, ""),
        )
        if not size:
            raise _unknown(left[0].strip(), known, counts)
        names.append(name)
        left = left[size:]
    return tuple(sorted({*names}))


def _named(text: str, known: Sequence[str]) -> str | None:
    """The name that a text is, whatever its case, where it can be but one."""
    if text in known or text.strip() in known:
        return text if text in known else text.strip()
    alike = {name for name in known if name.strip().casefold() == text.strip().casefold()}
    if len(alike) > 1:
        raise UsageError(f"category={text}: {' or '.join(map(shown, sorted(alike)))}? Type it as it is written there")
    return alike.pop() if alike else None


def _default(known: Sequence[str], counts: Mapping[str, int]) -> tuple[str, ...]:
    animal = _named(ANIMAL, known)
    species = [name for name in known if name.strip().casefold() not in {ANIMAL, *_NO_ANIMALS}]
    found = sorted({name for name in species if counts.get(name)}, key=lambda name: (-counts[name], name))
    if animal and not found:
        return (animal,)
    why = "the file tells species" if species else "the file has no category 'animal'"
    typed = [*([animal] if animal and counts.get(animal) else []), *(found or sorted({*species}))]
    advice = f"; type those that count: category={_typed(typed)}" if typed else ""
    raise UsageError(f"category=: {why}: {_told(known, counts)}{advice}")


def _unknown(text: str, known: Sequence[str], counts: Mapping[str, int]) -> UsageError:
    by_folded = {name.casefold(): name for name in known}
    nearest = difflib.get_close_matches(text.casefold(), by_folded, n=1)
    hint = f"did you mean {shown(by_folded[nearest[0]])!r}? " if nearest else ""
    return UsageError(f"category={text}: not in the file; {hint}it has {_told(known, counts)}")


def _told(known: Sequence[str], counts: Mapping[str, int]) -> str:
    """The categories with their boxes on our photographs, the commonest first."""
    order = sorted({*known}, key=lambda name: (-counts.get(name, 0), name))
    listed = ", ".join(f"{shown(name)} {counts.get(name, 0)}" for name in order[:_LISTED])
    return f"{listed or 'no categories'}{', ...' if len(order) > _LISTED else ''} (boxes on the photographs of data=)"


def _typed(names: Sequence[str]) -> str:
    return ",".join(shlex.quote(shown(name)) for name in names[:_LISTED])
