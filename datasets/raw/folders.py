"""Folders of pictures that somebody else filled: their files, and the names that a list may have for them.

Windows divides paths by backslashes, some systems tell no capital letters from small ones, and a letter with an accent
is one character or two: a file that was moved from one system to another may be there under another spelling.
"""

from __future__ import annotations

import errno
import os
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
_LOOKED_FOR = 100  # missing files by which a cause is looked for


def below(folder: Path) -> Iterator[Path]:
    """All files below a folder, also behind links; hidden ones are those of other programs."""
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = [] if real in seen else [name for name in folders if not _hidden(name)]
        if real not in seen:
            yield from (Path(place, name) for name in files if not _hidden(name))
        seen.add(real)


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def unusable(path: Path, name: str) -> str | None:
    """What keeps a file from being read or listed; `name` is its path below the folder; None: nothing."""
    if not path.exists():
        return "the link leads nowhere"
    return None if printable(name) == name else "its name is not Unicode"


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that is too long for any disk is none."""
    try:
        return path.is_file()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # the system could never have stored it
            return False
        raise


def nfc(name: str) -> str:
    """A name whose accented letters are one character each."""
    return unicodedata.normalize("NFC", name)


def folded(name: str) -> str:
    """A name without upper case, its accented letters one character each."""
    return nfc(nfc(name).casefold())


def printable(text: str) -> str:
    """The text without what cannot be written as UTF-8, such as half a surrogate pair."""
    return text.encode("utf-8", "replace").decode("utf-8")


def form(name: str) -> str:
    """A name without what systems write differently, but for the letters' case."""
    return PurePosixPath(nfc(name.replace("\\", "/"))).as_posix()


class Spelling:
    """All files below a folder, to be found by names that are spelled in another way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = (path.relative_to(folder).as_posix() for path in below(folder))
        self.names = tuple(sorted(name for name in names if printable(name) == name))
        self._by_form: dict[str, list[str]] = {}
        for name in self.names:
            self._by_form.setdefault(form(name).casefold(), []).append(name)

    def alike(self, name: str) -> list[str]:
        """The files whose name is `name`, whatever its spelling."""
        return self._by_form.get(form(name).casefold(), [])

    def of(self, name: str) -> str | None:
        """The one file of a name; None where there is none, or several that cannot be told apart."""
        alike = self.alike(name)
        exact = [other for other in alike if form(other) == form(name)]
        return (exact or alike)[0] if len(exact or alike) == 1 else None


def respelled(wanted: Iterable[str], spelling: Spelling, taken: Collection[str] = ()) -> dict[str, str]:
    """The disk's names of files that are there under another spelling, by the wanted name.

    Args:
        taken: names of the disk that mean another file.
    """
    found = {name: other for name in wanted if (other := spelling.of(name)) not in {None, name} and other not in taken}
    claims = Counter(found.values())
    return {name: other for name, other in found.items() if claims[other] == 1 and not is_file(spelling.folder / name)}


def cause(wanted: Collection[str], spelling: Spelling, key: str) -> str | None:
    """Why wanted files are not in a folder, as far as its files tell, and what to do; None where they tell nothing.

    Args:
        key: what the user typed before the `=` to name the folder.
    """
    by_end: dict[str, list[str]] = {}
    by_stem: dict[str, str] = {}
    for stored in spelling.names:
        by_end.setdefault(_last(stored), []).append(stored)
        by_stem.setdefault(PurePosixPath(form(stored)).stem.casefold(), stored)
    for name in sorted(wanted)[:_LOOKED_FOR]:
        if (decoded := unquote(name)) != name and spelling.alike(decoded):
            return f"there is {spelling.alike(decoded)[0]}: write file_name as that, without the %.. of a URL"
        if len(alike := spelling.alike(name)) > 1:
            return f"for {name} there are {', '.join(alike[:3])}, which differ by letters' case alone"
        for stored in by_end.get(_last(name), ()):
            if (spread := _spread(stored, name, wanted, by_end)) is not None:
                return spread
            if message := _elsewhere(form(name), stored, spelling.folder, key):
                return message
        if same_stem := by_stem.get(PurePosixPath(form(name)).stem.casefold()):
            return f"there is {same_stem}: has the JSON another suffix or folder in file_name? Write there what is here"
    return None


def _spread(stored: str, name: str, wanted: Collection[str], by_end: Mapping[str, list[str]]) -> str | None:
    """What to do where files without a folder in their name lie in several folders; None where they do not."""
    if "/" in form(name) or "/" not in stored:
        return None
    folders_of = {one.rpartition("/")[0] for other in wanted for one in by_end.get(_last(other), ())}
    if len(folders_of) < 2:
        return None
    return f"there is {stored}, and others are in {len(folders_of)} folders: write each one's folder into file_name"


def otherwise(spelling: Spelling) -> str:
    """What a folder holds that holds none of the wanted files, nor anything like them."""
    if not spelling.names:
        return "there is no file in it; is it the right folder?"
    there = f"{len(spelling.names):,} files there are called otherwise, such as {spelling.names[0]}"
    return f"{there}; is it the right folder?"


def _last(name: str) -> str:
    return form(name).rpartition("/")[2].casefold()


def _elsewhere(name: str, stored: str, folder: Path, key: str) -> str | None:
    """What to do where one name is the end of the other: a folder too many, or one too few."""
    other = form(stored)
    if other.casefold().endswith(f"/{name.casefold()}"):
        deeper = PurePosixPath(stored).parents[name.count("/")]
        return f"there is {stored}: name the folder {key}={folder / deeper}, or write {deeper}/ into file_name"
    if name.casefold().endswith(f"/{other.casefold()}"):
        more = name[: -len(other) - 1]
        if folder.as_posix().casefold().endswith(f"/{more.casefold()}"):
            return f"there is {stored}: name the folder above, {key}={folder.parents[more.count('/')]}"
        return f"there is {stored}: name the folder that holds {more}/, or take {more}/ out of file_name"
    return None
