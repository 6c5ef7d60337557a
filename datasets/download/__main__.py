"""`python -m datasets.download cct to=DIR`: see `DownloadConfig`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ablate import plugins
from ablate.cli import run_command
from ablate.errors import UsageError
from ablate.storage import local, locks, urls
from datasets.download import PACKAGE, DownloadConfig


def main(config: DownloadConfig) -> int:
    """Fetches a set; 0 where all of it is there, 1 where some photographs are not to be had.

    Raises:
        UsageError: the set, a category, a location or a mirror is not known, or the mirrors do not answer.
    """
    module = plugins.load(PACKAGE, config.name, "name")
    for url in config.mirror:
        urls.require(url, "mirror")
    to = local(config.to, "to")
    with _alone(to):
        status: int = module.download(config, to)
    return status


@contextlib.contextmanager
def _alone(to: Path) -> Iterator[None]:
    """Makes the folder, and keeps a second download out of it."""
    to.mkdir(parents=True, exist_ok=True)
    with (to / ".download.lock").open("w") as file:
        try:
            locks.alone(file, to, "give a folder of a local disk", wait=False)
        except BlockingIOError:
            raise UsageError(
                f"to={to}: another download is writing there; wait for it or give another folder"
            ) from None
        yield


def _epilogue() -> str:
    return f"sets: {', '.join(plugins.names(PACKAGE))}"


if __name__ == "__main__":
    run_command(DownloadConfig, main, _epilogue, positional="name")
