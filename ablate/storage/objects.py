"""Object stores, s3:// and gs://, and local folders by pyarrow's file systems, with the credentials of their own tools.

s3://[KEY:SECRET@]BUCKET/PATH[?endpoint_override=HOST:PORT&region=NAME&scheme=http]
gs://[anonymous@]BUCKET/PATH[?endpoint_override=HOST:PORT&scheme=http]

Errors are in words of our own, since the library's messages hold the URL, and thereby passwords.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from ablate.storage import urls
from ablate.storage.paths import unique_name
from ablate.storage.retrying import AbsentError, RefusedError, Response, RetryPolicy, TransientError, as_md5

_CHUNK = 2**23  # each is a request of its own
_FINAL = re.compile(
    r"ACCESS_DENIED|INVALID_ACCESS_KEY|SIGNATURE|FORBIDDEN|PERMISSION_DENIED|UNAUTHENTICATED|\b40[13]\b"
)
_REASON = re.compile(r"AWS Error ([^:]+?) during|Status\((\w+): ")


@dataclass(frozen=True)
class Listed:
    """A file of a folder, `name` as the path within it; `modified` in ns since 1970, of a store's in whole seconds."""

    name: str
    size: int
    modified: int


def opened(url: str, offset: int, validator: str | None, policy: RetryPolicy) -> Response:
    """As `web.opened`."""
    with _errors():
        filesystem, path = _filesystem(url, policy)
        file = filesystem.open_input_file(path)
        size = int(file.size())
        metadata = {name.lower(): value.decode() for name, value in (file.metadata() or {}).items()}
        etag = metadata.get("etag")
        if offset > size or (validator and validator != etag):
            offset = 0
        file.seek(offset)
    return Response(offset, size, etag, as_md5(metadata.get("md5hash")), _body(file))


def size(place: str, policy: RetryPolicy) -> int | None:
    """Bytes of a file; None where there is none.

    Raises:
        RefusedError, TransientError: the store refuses, or does not answer.
    """
    with _errors():
        filesystem, path = _filesystem(place, policy)
        found: int | None = filesystem.get_file_info(path).size
    return found


def listed(place: str, policy: RetryPolicy) -> Listed | None:
    """One file, `name` its own; None where there is none.

    Raises:
        RefusedError, TransientError: the store refuses, or does not answer.
    """
    with _errors():
        filesystem, path = _filesystem(place, policy)
        found = filesystem.get_file_info(path)
    return _as_listed(place, found.base_name, found) if found.type == fs.FileType.File else None


def listing(place: str, policy: RetryPolicy, below: bool = False) -> list[Listed]:
    """The files in a folder that are not hidden, with `below` also those in its subfolders; none where it is not there.

    Raises:
        RefusedError, TransientError: the store refuses, or does not answer.
    """
    with _errors():
        filesystem, path = _filesystem(place, policy)
        found = filesystem.get_file_info(fs.FileSelector(path, allow_not_found=True, recursive=below))
    within = path.rstrip("/") + "/"
    return [
        _as_listed(place, info.path.removeprefix(within), info)
        for info in found
        if info.type == fs.FileType.File and not info.base_name.startswith(".")
    ]


def _as_listed(place: str, name: str, info: Any) -> Listed:  # noqa: ANN401 - pyarrow has no types
    # What a store says of one object has whole seconds, its listing may have milliseconds: of one file the same time.
    part = info.mtime_ns % 10**9 if urls.is_url(place) else 0
    return Listed(name, info.size, info.mtime_ns - part)


def delete(url: str, policy: RetryPolicy) -> None:
    """Removes an object; one that is not there is passed over.

    Raises:
        RefusedError, TransientError: the store refuses, or does not answer.
    """
    with _errors():
        filesystem, path = _filesystem(url, policy)
        with contextlib.suppress(FileNotFoundError):
            filesystem.delete_file(path)


def upload(url: str, source: BinaryIO, policy: RetryPolicy) -> None:
    """Makes an object that is absent or whole: closing an output stream publishes what it has, even after an exception.

    Raises:
        RefusedError, TransientError: the store refuses, or does not answer.
    """
    source.seek(0)
    with _errors():
        filesystem, path = _filesystem(url, policy)
        folder, _, name = path.rpartition("/")
        partial = f"{folder}/{unique_name(name)}"
        try:
            with filesystem.open_output_stream(partial) as file:
                while data := source.read(_CHUNK):
                    file.write(data)
            filesystem.move(partial, path)
        except BaseException:
            with contextlib.suppress(OSError, pa.ArrowException):
                filesystem.delete_file(partial)
            raise


def _body(file: Any) -> Iterator[bytes]:  # noqa: ANN401 - pyarrow has no types
    with _errors(), file:
        while data := file.read(_CHUNK):
            yield data


def _filesystem(place: str, policy: RetryPolicy) -> tuple[Any, str]:
    """The file system of a place, and the path in it."""
    if not urls.is_url(place):
        return fs.LocalFileSystem(), place
    if urls.is_http(place):
        raise RefusedError("a web server lists no files and takes none")
    parts = urlsplit(place)
    bucket = parts.netloc.rpartition("@")[2]
    path = f"{bucket}{unquote(parts.path)}"
    options = dict(parse_qsl(parts.query))
    scheme, endpoint = options.get("scheme", "https"), options.get("endpoint_override")
    if parts.scheme == "gs":
        limit = timedelta(seconds=max(1.0, policy.connect))  # its default is a quarter of an hour
        anonymous = parts.username == "anonymous"
        store = fs.GcsFileSystem(anonymous=anonymous, endpoint_override=endpoint, scheme=scheme, retry_time_limit=limit)
        return store, path
    # pyarrow itself does not read all of these variables, which all other tools do.
    endpoint = endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = options.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    store = fs.S3FileSystem(
        access_key=parts.username and unquote(parts.username),
        secret_key=parts.password and unquote(parts.password),
        region=region or ("us-east-1" if endpoint else fs.resolve_s3_region(bucket)),
        endpoint_override=endpoint,
        scheme=scheme,
        connect_timeout=policy.connect,
        request_timeout=policy.read,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1),  # else its retries would multiply ours
    )
    return store, path


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """Turns pyarrow's errors into `RefusedError` and `TransientError`."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise _explained(error) from None


def _explained(error: Exception) -> RefusedError | TransientError:
    if isinstance(error, FileNotFoundError):
        return AbsentError("no such object")
    text = str(error)
    if ("Bucket" in text and "not found" in text) or "NO_SUCH_BUCKET" in text:
        return RefusedError("no such bucket")
    if not isinstance(error, OSError):
        return RefusedError(f"cannot be requested ({type(error).__name__})")
    found = _REASON.search(text)
    reason = (found[1] or found[2]).lower().replace("_", " ") if found else "the store does not answer"
    if _FINAL.search(text) or isinstance(error, PermissionError):
        return RefusedError(f"{reason}; credentials are taken from the environment and the store's own files")
    return TransientError(reason)
