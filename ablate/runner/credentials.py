"""What opens stores and hubs, on its way to the nodes: as an argument, which Ray neither shows nor keeps.

A runtime environment would be shown in the dashboard and kept in the jobs' records.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from ablate.storage import urls

_NAMES = (
    urls.CREDENTIALS,
    urls.OF_RESULTS,
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "HF_TOKEN",
)

Credentials = Mapping[str, str]


def of_driver() -> Credentials:
    """What this process has."""
    return {name: os.environ[name] for name in _NAMES if os.environ.get(name)}


def take(given: Credentials) -> None:
    """Lets this process, and those that it starts, have what the driver had."""
    os.environ.update(given)
