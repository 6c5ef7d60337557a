"""Which photograph each file of a list is, by as much of its path as was written down.

A file and a photograph are one where the path of either is the tail of the other's, by whole components: a detector may
have been run on a folder above or below that of the photographs. What could be two is refused. Where every photograph
is in the list under its very path, a file that is so another photograph is only that. Case counts, unless a photograph
is not found with it.
"""

from __future__ import annotations

import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ablate.errors import UsageError

_EXAMPLES = 3
_LONGEST = 80  # characters of a stranger's text in a message

Parts = tuple[str, ...]


@dataclass(frozen=True)
class Names:
    """One way in which photographs are named.

    Attributes:
        what: how it is called: file name, image id.
        of: the path of each photograph; None where it has no such name.
        without_suffix: whether the last suffix of a file is no part of the name.
        others: paths of other photographs, as far as they are known.
    """

    what: str
    of: Mapping[str, str | None]
    without_suffix: bool = False
    others: Collection[str] = ()


@dataclass(frozen=True)
class Matched:
    """Which file of the list each photograph is.

    Attributes:
        by: the names that decided.
        index: of the file, by photograph.
        used: how many files of the list are photographs of ours.
    """

    by: Names
    index: Mapping[str, int]
    used: int


def match(place: str, files: Sequence[str], ways: Iterable[Names], content: Callable[[int], object]) -> Matched:
    """Finds every photograph in a list of files, by the first way to name them that finds any.

    Args:
        place: what the user typed, for errors.
        ways: the most certain first; all of the same photographs.
        content: what the list has on a file, by its index; of two with the same either may stand for both.

    Raises:
        UsageError: a photograph is not in the list, or could be several files, or a file could be several photographs.
    """
    ways, paths = list(ways), [parts(file) for file in files]
    for way in ways:
        named = {photograph: parts(name) for photograph, name in way.of.items() if name}
        compared = [_stem(path) for path in paths] if way.without_suffix else paths
        found = _candidates(compared, named, {parts(path) for path in way.others})
        if found:
            _require_one_each(place, files, way, found, content)
            index = {photograph: candidates[0] for photograph, candidates in found.items()}
            return Matched(way, index, len({one for candidates in found.values() for one in candidates}))
    examples = [f"{shown(name)} ({way.what})" for way in ways for name in [*way.of.values()][:1] if name]
    ours = ", ".join(dict.fromkeys(examples))
    theirs = shown(files[0]) if files else "nothing"
    raise UsageError(
        f"{place}: not one photograph of data= is in the file: such as {ours}; in the file {theirs}; give the file of "
        "these photographs, or with annotations= the COCO JSON that tells its file names"
    )


def parts(path: str) -> Parts:
    """The components of a path, however it is written: with `\\` or `./`, letters composed or not."""
    tidy = posixpath.normpath(unicodedata.normalize("NFC", path).replace("\\", "/"))
    return tuple(part for part in tidy.split("/") if part not in {"", "."})


def shown(text: str) -> str:
    """A text from a file as it can be printed: in one line, not too long, without what a terminal would obey."""
    printable = text if text.isprintable() else ascii(text)[1:-1]
    return printable if len(printable) <= _LONGEST else f"{printable[:_LONGEST]}..."


def few(names: Sequence[str]) -> str:
    """The first few of some texts from a file."""
    return ", ".join(map(shown, names[:_EXAMPLES])) + (", ..." if len(names) > _EXAMPLES else "")


def _stem(path: Parts) -> Parts:
    if not path:
        return path
    stem, dot, _ = path[-1].rpartition(".")
    return (*path[:-1], stem) if dot and stem else path


def _candidates(files: Sequence[Parts], named: Mapping[str, Parts], others: Collection[Parts]) -> dict[str, list[int]]:
    """The files that each photograph may be; only photographs that may be one."""
    found = _related(dict(enumerate(files)), named)
    names = {*named.values()}
    if len(names) == len(named) and names <= {*files}:
        known = names | {*others}
        return {
            photograph: [at for at in candidates if files[at] == named[photograph] or files[at] not in known]
            for photograph, candidates in found.items()
        }
    taken = {index for candidates in found.values() for index in candidates}
    left = {index: _folded(path) for index, path in enumerate(files) if index not in taken}
    return found | _related(left, {one: _folded(name) for one, name in named.items() if one not in found})


def _related(files: Mapping[int, Parts], named: Mapping[str, Parts]) -> dict[str, list[int]]:
    """For each photograph the files of whose path its own is the tail, or the other way round."""
    whole, tails = defaultdict(list), defaultdict(list)
    for photograph, name in named.items():
        whole[name].append(photograph)
        for first in range(1, len(name)):
            tails[name[first:]].append(photograph)
    deepest = max(map(len, whole), default=0)
    found = defaultdict(list)
    for index, path in files.items():
        for length in range(1, min(len(path), deepest) + 1):
            for photograph in whole.get(path[-length:], ()):
                found[photograph].append(index)
        for photograph in tails.get(path, ()):
            found[photograph].append(index)
    return dict(found)


def _folded(path: Parts) -> Parts:
    return tuple(part.casefold() for part in path)


def _require_one_each(
    place: str, files: Sequence[str], way: Names, found: Mapping[str, list[int]], content: Callable[[int], object]
) -> None:
    several = [
        (str(way.of[photograph]), [files[index] for index in candidates])
        for photograph, candidates in found.items()
        if any(content(candidates[0]) != content(other) for other in candidates[1:])
    ]
    if several:
        raise UsageError(
            f"{place}: {len(several)} photograph(s) could each be several entries of the file, which tell different "
            f"boxes: {_either(*several[0])}; give a file of the folder of these photographs alone, or annotations=FILE"
            ", the COCO JSON that tells which other photographs there are"
        )
    photographs = defaultdict(list)
    for photograph, candidates in found.items():
        for index in candidates:
            photographs[index].append(str(way.of[photograph]))
    shared = [(files[index], of) for index, of in photographs.items() if len(of) > 1]
    if shared:
        raise UsageError(
            f"{place}: {len(shared)} entries of the file could each be several photographs: {_either(*shared[0])}; "
            "run the detector on the folder that holds all photographs, so that the file tells their folders"
        )
    missing = [name or photograph for photograph, name in way.of.items() if photograph not in found]
    if missing:
        raise UsageError(
            f"{place}: {len(missing)} of {len(way.of)} photographs are not in the file, where the others were found by "
            f"their {way.what}: {few(missing)}; the file must be of all photographs of data="
        )


def _either(one: str, others: Sequence[str]) -> str:
    return f"{shown(one)} is {' or '.join(map(shown, others[:_EXAMPLES]))}"
