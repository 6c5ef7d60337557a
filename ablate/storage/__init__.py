"""Where files are read and published: the only module that knows how a place is addressed.

A file under its final name is always whole: it is serialised completely (or fetched, and compared with what it should
be), written beside it under a name of its own, flushed to the disk and moved.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import random
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.errors import UsageError
from ablate.storage import urls
from ablate.storage.partial import Partial, claimed
from ablate.storage.reply import BrokenOffError, Patience, RefusedError, Reply

if TYPE_CHECKING:
    import requests

Check = Callable[[Path], None]  # raises ValueError that says what is wrong with a file
Progress = Callable[[int], None]  # takes how many bytes a file has grown by; less than 0 where it is begun again

_PATIENCE = Patience()
_PROBE = 2**16  # bytes
_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")  # as Rust's libraries tell it


class FetchError(UsageError):
    """No mirror gave the file; the message says what each of them answered."""


class UnreachableError(FetchError):
    """The same, but a mirror did not answer, or not to the end: another time it may."""


def local(place: str, key: str) -> Path:
    """The absolute path of a place that the user named.

    Raises:
        UsageError: it is a URL, or of a user's home that nobody knows.
    """
    if urls.is_url(place):
        raise UsageError(f"{key}={urls.without_credentials(place)}: a URL cannot be used here yet; give a local path")
    return absolute(place, key)


def absolute(place: str, key: str) -> Path:
    """The absolute path of one that may begin with ~.

    Raises:
        UsageError: nobody knows the home that ~ stands for.
    """
    try:
        return Path(place).expanduser().absolute()
    except RuntimeError as error:
        raise UsageError(f"{key}={place}: nobody knows the home that ~ stands for; give the whole path") from error


def publish(path: Path, data: bytes) -> None:
    """Writes a file so that it is either absent or whole.

    Raises:
        OSError: the place cannot be written; names the path.
    """
    with publishing(path) as partial:
        partial.write_bytes(data)


@contextlib.contextmanager
def publishing(path: Path) -> Iterator[Path]:
    """Gives a name to write to, beside `path`; what was written there appears as `path` when the block ends well.

    The name is unique to this attempt, so that two writers of one file (a killed driver's trial that lives on for a
    second, two runs on one `out`) never share a half-written one. A failed attempt leaves nothing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not say which file it was
        raise
    except Exception as error:
        _require_room(partial, path, error)
        raise
    finally:
        partial.unlink(missing_ok=True)


def _require_room(partial: Path, path: Path, error: Exception) -> None:
    """Raises what the system says where the disk is why a file cannot be written: libraries have words of their own."""
    told = _SYSTEM_ERROR.search(str(error))
    try:
        if told:
            raise OSError(int(told[1]), "")
        with partial.open("ab") as file:
            file.write(bytes(_PROBE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as refused:
        raise OSError(refused.errno, os.strerror(refused.errno or errno.EIO), str(path)) from error


def fetch(
    mirrors: Sequence[str],
    to: Path,
    check: Check | None = None,
    *,
    progress: Progress = lambda grown: None,
    patience: Patience = _PATIENCE,
    http: requests.Session | None = None,
) -> str:
    """Copies a file from the first of several URLs that has it whole, and returns that URL.

    What an earlier attempt left is gone on with. A server that fails or stalls is asked again, then the next one is; a
    server that says that it has no such file is not asked twice. The file appears under its name when all of it is
    there, its size and the digests that the server sent with it agree, and `check` has not raised.

    Args:
        http: connections to use; may be shared between threads.

    Raises:
        FetchError: no mirror has it; `UnreachableError` where that may change.
        OSError: it cannot be written; names the path.
    """
    from ablate.storage import web  # slow to import, and most runs read local folders

    assert mirrors
    said: list[str] = []
    lasting = True
    with claimed(to) as partial, contextlib.nullcontext(http) if http else web.session() as connections:
        progress(partial.size)
        if check is None and partial.validator is None:  # nothing would show that two parts do not belong together
            _begin(partial, None, progress)
        for url in mirrors:
            try:
                _fetch_from(url, partial, check, progress, patience, connections)
            except (RefusedError, BrokenOffError) as error:
                said.append(f"{urls.without_credentials(url)}: {error}")
                lasting = lasting and isinstance(error, RefusedError)
            else:
                partial.publish(to)
                return url
    raise (FetchError if lasting else UnreachableError)(f"cannot fetch {'; '.join(said)}")


def connections(count: int) -> requests.Session:
    """Web connections that so many threads may share; for `fetch`."""
    from ablate.storage import web

    return web.session(count)


def size(url: str, patience: Patience = _PATIENCE) -> int | None:
    """Bytes of the file at a URL; None where the server does not tell, or does not answer."""
    if not urls.is_http(url):
        from ablate.storage import objects

        return objects.size(url, patience)
    from ablate.storage import web

    with web.session() as http:
        return web.size(url, patience, http)


def _fetch_from(
    url: str, partial: Partial, check: Check | None, progress: Progress, patience: Patience, http: requests.Session
) -> None:
    """Makes the partial whole from one server, or raises; what it has of the file then may serve the next."""
    failures, farthest = 0, partial.size
    while True:
        resumed = partial.size > 0
        try:
            md5 = _pour(url, partial, progress, patience, http)
        except BrokenOffError as error:
            failures = 1 if partial.size > farthest else failures + 1
            farthest = max(farthest, partial.size)
            if error.stale:
                _begin(partial, None, progress)
            if failures >= patience.attempts:
                raise BrokenOffError(f"{error} ({failures} attempts)") from None
            time.sleep(_pause(error, failures, patience))
            continue
        problem = _problem(partial.path, md5, check)
        if problem is None:
            return
        _begin(partial, None, progress)
        if not resumed:  # else the two parts may be of different files
            raise RefusedError(problem)


def _pour(url: str, partial: Partial, progress: Progress, patience: Patience, http: requests.Session) -> bytes | None:
    """Appends what a server sends; returns the MD5 that it tells of the file, if it does."""
    with _opened(url, partial, patience, http) as reply:
        if reply.offset and reply.validator and partial.validator and partial.validator != reply.validator:
            raise BrokenOffError("has another file than before", stale=True)
        if reply.offset != partial.size or not partial.size:
            _begin(partial, reply.validator, progress)
        for data in reply.body:
            partial.append(data)
            progress(len(data))
        if reply.size is not None and partial.size != reply.size:
            raise BrokenOffError(f"sent {partial.size:,} of {reply.size:,} bytes", stale=partial.size > reply.size)
        return reply.md5


def _opened(
    url: str, partial: Partial, patience: Patience, http: requests.Session
) -> contextlib.AbstractContextManager[Reply]:
    if urls.is_http(url):
        from ablate.storage import web

        return web.opened(url, partial.size, partial.validator, patience, http)
    from ablate.storage import objects

    return contextlib.nullcontext(objects.opened(url, partial.size, partial.validator, patience))


def _begin(partial: Partial, validator: str | None, progress: Progress) -> None:
    progress(-partial.size)
    partial.begin(validator)


def _pause(error: BrokenOffError, failures: int, patience: Patience) -> float:
    # Not all at the same moment, or a server that is overrun stays so.
    pause = patience.backoff * 2.0 ** (failures - 1) * random.uniform(0.5, 1)
    return min(max(pause, error.wait or 0), patience.longest)


def _problem(path: Path, md5: bytes | None, check: Check | None) -> str | None:
    """What is wrong with a file that has come to its end, if anything is."""
    try:
        if md5 is not None:
            md5_is(md5.hex())(path)
        if check is not None:
            check(path)
    except ValueError as error:
        return str(error)
    return None


def sha256_is(digest: str) -> Check:
    """Accepts only the file with this hexadecimal digest."""
    return lambda path: _require("sha256", digest, _digest(path, "sha256"))


def md5_is(digest: str) -> Check:
    """Accepts only the file with this hexadecimal digest."""
    return lambda path: _require("md5", digest, _digest(path, "md5"))


def _require(algorithm: str, expected: str, found: str) -> None:
    if found != expected.lower():
        raise ValueError(f"not the file that was asked for: its {algorithm} is {found}, not {expected.lower()}")


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def sha256(path: Path) -> str:
    """The hexadecimal digest of a file's bytes."""
    return _digest(path, "sha256")


def cache() -> Path:
    """The node's own folder for copies and decoded pictures: `ABLATE_CACHE`, else in the user's cache folder.

    Raises:
        UsageError: the variable holds a relative path, which would be another folder for each trial; or the folder
            cannot be written.
    """
    chosen = os.environ.get("ABLATE_CACHE")
    if chosen:
        folder = Path(chosen) if chosen.startswith("/") else absolute(chosen, "ABLATE_CACHE")
        if chosen[0] not in "/~":
            raise UsageError(f"ABLATE_CACHE={chosen}: give an absolute path, such as {folder}")
        return _written(folder)
    return _written(Path(os.environ.get("XDG_CACHE_HOME") or home() / ".cache") / "ablate")


def home() -> Path:
    """The user's home folder, which Ray wants too.

    Raises:
        UsageError: nobody knows it, as of a user without an entry in passwd.
    """
    try:
        return Path.home()
    except RuntimeError as error:
        raise UsageError(
            f"user {os.getuid()} has no home, and HOME is not set; name a folder before the command, such as HOME=/tmp"
        ) from error


def _written(folder: Path) -> Path:
    """The folder of a cache, made where it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        refused = None if os.access(folder, os.W_OK | os.X_OK) else os.strerror(errno.EACCES)
    except OSError as error:
        refused = error.strerror
    if refused is not None:
        raise UsageError(f"the cache {folder} cannot be written: {refused}; name another with ABLATE_CACHE=/a/folder")
    return folder
