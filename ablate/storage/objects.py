"""Object stores: s3:// and gs:// by pyarrow's file systems, with the credentials that their tools use.

s3://[KEY:SECRET@]BUCKET/PATH[?endpoint_override=HOST:PORT&region=NAME&scheme=http]
gs://[anonymous@]BUCKET/PATH[?endpoint_override=HOST:PORT&scheme=http]
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from ablate.storage.reply import BrokenOffError, Patience, RefusedError, Reply, as_md5

_CHUNK = 2**23  # each is a request of its own
_FINAL = re.compile(
    r"ACCESS_DENIED|INVALID_ACCESS_KEY|SIGNATURE|FORBIDDEN|PERMISSION_DENIED|UNAUTHENTICATED|\b40[13]\b"
)
_SAID = re.compile(r"AWS Error ([^:]+?) during|Status\((\w+): ")


@dataclass(frozen=True)
class Listed:
    """A file of a folder, `name` as the path within it; `modified` in nanoseconds since 1970."""

    name: str
    size: int
    modified: int


def opened(url: str, offset: int, validator: str | None, patience: Patience) -> Reply:
    """See `web.opened`."""
    try:
        filesystem, path = _store(url, patience)
        file = filesystem.open_input_file(path)
        size = int(file.size())
        about = {name.lower(): value.decode() for name, value in (file.metadata() or {}).items()}
        if offset > size or (validator and validator != about.get("etag")):
            offset = 0
        file.seek(offset)
    except (OSError, pa.ArrowException) as error:
        raise _told(error) from None
    return Reply(offset, size, about.get("etag"), as_md5(about.get("md5hash")), _body(file))


def size(url: str, patience: Patience) -> int | None:
    """See `web.size`."""
    try:
        filesystem, path = _store(url, patience)
        found: int | None = filesystem.get_file_info(path).size
    except (OSError, pa.ArrowException):
        return None
    return found


def listing(url: str, patience: Patience, below: bool = False) -> list[Listed]:
    """The files in a folder, with `below` also those in the folders within it; none where there is no such folder.

    Raises:
        RefusedError, BrokenOffError: as `web.opened`.
    """
    try:
        filesystem, path = _store(url, patience)
        found = filesystem.get_file_info(fs.FileSelector(path, allow_not_found=True, recursive=below))
    except (OSError, pa.ArrowException) as error:
        raise _told(error) from None
    files = [info for info in found if info.type == fs.FileType.File]
    within = path.rstrip("/") + "/"
    return [Listed(info.path.removeprefix(within), info.size, info.mtime_ns) for info in files]


def _body(file: Any) -> Iterator[bytes]:  # noqa: ANN401 - pyarrow has no types
    try:
        with file:
            while data := file.read(_CHUNK):
                yield data
    except (OSError, pa.ArrowException) as error:
        raise _told(error) from None


def _store(url: str, patience: Patience) -> tuple[Any, str]:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    make = _s3 if parts.scheme == "s3" else _gs
    host = parts.netloc.rpartition("@")[2]
    return make(parts.username, parts.password, host, options, patience), f"{host}{unquote(parts.path)}"


def _s3(user: str | None, password: str | None, bucket: str, options: Mapping[str, str], patience: Patience) -> Any:  # noqa: ANN401
    # pyarrow itself does not read these variables, which all other tools do.
    ours = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    endpoint = options.get("endpoint_override") or ours
    region = options.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return fs.S3FileSystem(
        access_key=user and unquote(user),
        secret_key=password and unquote(password),
        region=region or ("us-east-1" if endpoint else fs.resolve_s3_region(bucket)),
        endpoint_override=endpoint,
        scheme=options.get("scheme", "https"),
        connect_timeout=patience.connect,
        request_timeout=patience.read,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1),  # retries are ours
    )


def _gs(user: str | None, password: str | None, bucket: str, options: Mapping[str, str], patience: Patience) -> Any:  # noqa: ANN401
    return fs.GcsFileSystem(
        anonymous=user == "anonymous",
        endpoint_override=options.get("endpoint_override"),
        scheme=options.get("scheme", "https"),
        retry_time_limit=timedelta(seconds=max(1.0, patience.connect)),  # else a quarter of an hour
    )


def _told(error: Exception) -> RefusedError | BrokenOffError:
    if isinstance(error, FileNotFoundError):
        return RefusedError("no such object")
    text = str(error)
    if "Bucket" in text and "not found" in text:
        return RefusedError("no such bucket")
    if not isinstance(error, OSError):
        return RefusedError(f"cannot be asked for ({type(error).__name__})")
    found = _SAID.search(text)
    said = (found[1] or found[2]).lower().replace("_", " ") if found else "the store does not answer"
    if _FINAL.search(text) or isinstance(error, PermissionError):
        return RefusedError(f"{said}; credentials are taken from the environment and the store's own files")
    return BrokenOffError(said)
