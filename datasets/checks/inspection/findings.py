"""What looks wrong in a data set, counted, each with an example."""

from __future__ import annotations

from dataclasses import dataclass

from ablate.errors import plain

__all__ = ["Findings", "plain"]


@dataclass
class _Case:
    count: int
    example: str


class Findings:
    """Collects what looks wrong. Keeps a count and the first example of each kind, however often it is found."""

    def __init__(self) -> None:
        self._sentences: list[str] = []
        self._cases: dict[tuple[str, str], _Case] = {}

    def say(self, sentence: str) -> None:
        """Adds a finding about the data as a whole."""
        self._sentences.append(plain(sentence))

    def add(self, where: str, fault: str, example: str) -> None:
        """Adds one more case of a fault.

        Args:
            where: the arm, and the split if it matters.
            fault: what is wrong with one sample, in words.
            example: the sample's key, or the source image's name.
        """
        case = self._cases.setdefault((plain(where), fault), _Case(0, plain(example)))
        case.count += 1

    def lines(self) -> list[str]:
        """A sentence for each finding."""
        counted = []
        for (where, fault), case in self._cases.items():
            tail = case.example if case.count == 1 else f"{case.count:,} times, first {case.example}"
            counted.append(f"{where}: {fault} ({tail})")
        return [*self._sentences, *counted]
