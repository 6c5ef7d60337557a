"""`python -m datasets.download cct to=DIR`: see `DownloadConfig`."""

from __future__ import annotations

from ablate import plugins
from ablate.cli import run_command
from ablate.errors import UsageError
from ablate.storage import local, urls
from ablate.storage.locks import Lock
from datasets.download import PACKAGE, DownloadConfig


def main(config: DownloadConfig) -> int:
    """Fetches a set; 0 where all of it is there, 1 where some photographs cannot be fetched.

    Raises:
        UsageError: the set, a category, a location or a mirror is not known, or the mirrors do not answer.
    """
    module = plugins.load(PACKAGE, config.name, "name")
    for url in config.mirror:
        urls.require(url, "mirror")
    to = local(config.to, "to")
    with Lock(to / ".download.lock", "give a folder of a local disk") as lock:
        if not lock.exclusive(wait=False):
            raise UsageError(f"to={to}: another download is writing there; wait for it or give another folder")
        status: int = module.download(config, to)
    return status


def _epilogue() -> str:
    return f"sets: {', '.join(plugins.names(PACKAGE))}"


if __name__ == "__main__":
    run_command(DownloadConfig, main, _epilogue, positional="name")
