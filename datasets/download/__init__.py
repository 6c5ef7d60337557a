"""Fetching public photographs: one file per set, which defines

    download(config: DownloadConfig, to: Path) -> int

It fetches into the folder `to` what is not there yet, prints the `datasets.prepare` command that comes next, and gives
the exit status: 0 all is there, 1 some photographs cannot be fetched. What is under its final name is whole.
"""

from __future__ import annotations

from typing import Annotated

import pydantic
from pydantic import Field

PACKAGE = __name__

# They hold the same files; https://lila.science/datasets/caltech-camera-traps names them.
MIRRORS = (
    "https://storage.googleapis.com/public-datasets-lila",
    "https://lilawildlife.blob.core.windows.net/lila-wildlife",
    "http://us-west-2.opendata.source.coop.s3.amazonaws.com/agentmorris/lila-wildlife",
)


class DownloadConfig(pydantic.BaseModel):
    """Fetch the photographs of a public set that datasets.prepare will select; repeat the command to continue."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(description="which set; also as the first word, without name=")]
    to: Annotated[str, Field(min_length=1, description="folder to fetch into")]
    category: Annotated[tuple[str, ...], Field(min_length=1, description="cct: animals on the photographs")] = ("deer",)
    hours: Annotated[str | None, Field(description="cct: clock hours, both included; none: all")] = "7-19"
    locations: Annotated[tuple[str, ...], Field(description="cct: cameras to take; empty: all")] = ()
    empty_per_location: Annotated[
        int,
        Field(
            ge=0,
            description="cct: photographs without an animal from each location; prepare leaves out those of night",
        ),
    ] = 20
    seed: Annotated[int, Field(ge=0, description="cct: of the choice of empty photographs, as in prepare")] = 0
    mirror: Annotated[tuple[str, ...], Field(min_length=1, description="URLs to try in turn")] = MIRRORS
    workers: Annotated[int, Field(ge=1, le=256, description="photographs fetched at a time")] = 16
