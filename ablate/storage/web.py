"""Asks for a file by http(s), once.

Errors are in words of our own, since the libraries' messages hold the URL, and thereby passwords.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy

import requests
import urllib3
from requests.adapters import HTTPAdapter

from ablate.storage import urls
from ablate.storage.retrying import AbsentError, RefusedError, Response, RetryPolicy, TransientError, as_md5

_CHUNK = 2**18
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_DENIED = frozenset({401, 403})
_ABSENT = frozenset({404, 410})


def session(connections: int = 1) -> requests.Session:
    """Keeps connections open between requests; may be shared by that many threads."""
    made = requests.Session()
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # the one part of it that threads would share
    for scheme in ("http://", "https://"):
        made.mount(scheme, HTTPAdapter(pool_connections=connections, pool_maxsize=connections))
    return made


@contextlib.contextmanager
def opened(
    url: str, offset: int, validator: str | None, policy: RetryPolicy, session: requests.Session
) -> Iterator[Response]:
    """Asks for a file from `offset` on; from its beginning where `validator` is no longer the file's.

    Raises:
        RefusedError, TransientError: there is no such file, or the server does not answer.
    """
    headers = {"Accept-Encoding": "identity"}  # else the length would be that of a compressed body
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if validator:
            headers["If-Range"] = validator
    with _errors(policy):
        answer = session.get(url, headers=headers, stream=True, timeout=(policy.connect, policy.read))
    with answer:
        yield _response(answer, offset, policy)


def size(url: str, policy: RetryPolicy, session: requests.Session) -> int | None:
    """Bytes of a file, where the server tells them.

    Raises:
        RefusedError, TransientError: the server does not answer.
    """
    with _errors(policy):
        headers, timeout = {"Accept-Encoding": "identity"}, (policy.connect, policy.read)
        answer = session.head(url, headers=headers, timeout=timeout, allow_redirects=True)
    return _number(answer.headers.get("Content-Length")) if answer.ok else None


def _response(answer: requests.Response, offset: int, policy: RetryPolicy) -> Response:
    status, headers = answer.status_code, answer.headers
    if status in _TRANSIENT:
        raise TransientError(f"{status} {answer.reason}", retry_after=_number(headers.get("Retry-After")) or 0)
    if status not in {200, 206, 416}:
        hint = f"; credentials are given in the URL, or in {urls.CREDENTIALS} on every node"
        kind = AbsentError if status in _ABSENT else RefusedError
        raise kind(f"{status} {answer.reason}{hint if status in _DENIED else ''}")
    start, total = _range(headers.get("Content-Range", ""))
    length = _number(headers.get("Content-Length"))
    body = _body(answer, policy)
    if status == 416:  # nothing lies behind the offset: either all is here, or what is here is of another file
        if total != offset:
            raise TransientError("does not have the requested part", stale=True)
        return Response(offset, total, None, _md5(answer), iter(()))
    if status == 206:
        if start != offset:
            raise TransientError("sent another part than the requested one", stale=True)
        if total is None and length is not None:
            total = offset + length
        return Response(offset, total, _validator(answer), _md5(answer), body)
    if headers.get("Content-Encoding", "identity") != "identity":  # asked not to, yet compressed: nothing to go by
        return Response(0, None, None, None, body)
    return Response(0, length, _validator(answer), _md5(answer), body)


def _body(answer: requests.Response, policy: RetryPolicy) -> Iterator[bytes]:
    with _errors(policy):
        # read1 hands on whatever has come, so that little is lost when the connection breaks.
        while data := answer.raw.read1(_CHUNK, decode_content=True):
            yield data


def _validator(answer: requests.Response) -> str | None:
    etag = answer.headers.get("ETag")
    return etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified")


def _md5(answer: requests.Response) -> str | None:
    """What the server says of the whole file: Google's and Azure's own headers, or the standard one."""
    headers = answer.headers
    found = headers.get("x-ms-blob-content-md5")
    if answer.status_code == 200:
        found = found or headers.get("Content-MD5")  # of a part it would be the part's
    if headers.get("x-goog-stored-content-encoding", "identity") == "identity":
        google = re.search(r"\bmd5=([A-Za-z0-9+/=]+)", headers.get("x-goog-hash", ""))
        found = found or (google and google[1])
    return as_md5(found)


def _range(header: str) -> tuple[int | None, int | None]:
    """First byte of a part, and bytes of the whole."""
    found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", header.strip())
    return (_number(found[1]), _number(found[2])) if found else (None, None)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


@contextlib.contextmanager
def _errors(policy: RetryPolicy) -> Iterator[None]:
    """Turns the libraries' errors into `RefusedError` and `TransientError`."""
    try:
        yield
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.TooManyRedirects) as error:
        raise RefusedError(f"cannot be requested ({type(error).__name__})") from None
    except (urllib3.exceptions.HTTPError, OSError) as error:  # requests' own are OSErrors
        raise TransientError(_reason(error, policy)) from None


def _reason(error: BaseException, policy: RetryPolicy) -> str:
    chain = [error]
    while (deeper := chain[-1].__cause__ or chain[-1].__context__) is not None and deeper not in chain:
        chain.append(deeper)
    system = [link.strerror for link in chain if isinstance(link, OSError) and link.strerror]
    names = {type(link).__name__ for link in chain}  # requests' and urllib3's errors have the same or similar names
    if system:
        return system[-1]
    if names & {"ConnectTimeout", "ConnectTimeoutError"}:
        return f"no connection within {policy.connect:g} s"
    if names & {"ReadTimeout", "ReadTimeoutError"}:
        return f"no data for {policy.read:g} s"
    return (
        "the connection was closed early"
        if "IncompleteRead" in names
        else f"the connection failed ({type(chain[-1]).__name__})"
    )
