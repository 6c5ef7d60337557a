"""Where files are read, listed, copied and published, at local paths and at URLs.

A file under its final name is always whole: it is written (or received, and compared with what it should be) under
another name beside it, flushed to the disk and moved.

http(s) is read by requests; s3:// and gs:// are read and written by pyarrow.fs. Our own is what they lack: resuming at
the last byte from whichever mirror answers, verification, and publishing when whole. fsspec would need s3fs and gcsfs,
and loses the block that was on its way when a connection breaks.
"""

from __future__ import annotations

from ablate.storage.digests import Check, md5_is, sha256, sha256_is
from ablate.storage.paths import NoRoomError, absolute, cache_folder, home, local
from ablate.storage.reading import connections, fetch, listed, listing, size
from ablate.storage.retrying import INTERACTIVE, PATIENT, FetchError, MissingError, RetryPolicy, UnreachableError
from ablate.storage.uploading import delete, upload
from ablate.storage.writing import publish, publishing

__all__ = [
    "INTERACTIVE",
    "PATIENT",
    "Check",
    "FetchError",
    "MissingError",
    "NoRoomError",
    "RetryPolicy",
    "UnreachableError",
    "absolute",
    "cache_folder",
    "connections",
    "delete",
    "fetch",
    "home",
    "listed",
    "listing",
    "local",
    "md5_is",
    "publish",
    "publishing",
    "sha256",
    "sha256_is",
    "size",
    "upload",
]
