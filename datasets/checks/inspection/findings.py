"""Possible problems of a data set, counted, each with an example."""

from __future__ import annotations

from collections import Counter
from typing import TypeVar

import pydantic

from ablate.data.manifest import Manifest
from ablate.errors import UsageError, plain

Parameter = TypeVar("Parameter")


class Findings:
    """Collects possible problems. Keeps a count and the first example of each kind, however often it is found."""

    def __init__(self) -> None:
        self._sentences: list[str] = []
        self._counts: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], str] = {}

    def note(self, sentence: str) -> None:
        """Adds a finding about the data as a whole."""
        self._sentences.append(plain(sentence))

    def add(self, where: str, fault: str, example: str) -> None:
        """Adds one more case of a fault.

        Args:
            where: the arm, and the split if it matters.
            fault: what is wrong with one sample, in words.
            example: the sample's key, or the source image's name.
        """
        case = plain(where), fault
        self._counts[case] += 1
        self._first.setdefault(case, plain(example))

    def lines(self) -> list[str]:
        """A sentence for each finding."""
        counted = []
        for (where, fault), count in self._counts.items():
            first = self._first[where, fault]
            counted.append(f"{where}: {fault} ({first if count == 1 else f'{count:,} times, first {first}'})")
        return [*self._sentences, *counted]


def parameter(manifest: Manifest, key: str, kind: type[Parameter], default: Parameter) -> Parameter:
    """A parameter that the manifest records; `default` where it does not.

    Raises:
        UsageError: it is of another type.
    """
    try:
        return pydantic.TypeAdapter(kind).validate_python(manifest.parameters.get(key, default))
    except pydantic.ValidationError as error:
        raise UsageError(f"manifest: parameters.{key}: {error.errors()[0]['msg']}; prepare the data again") from error
