"""Asks for a file by http(s), once. Knows nothing of files on the disk and of retries.

What goes wrong is told in our own words: the libraries' messages hold the URL, and with it passwords.
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
from ablate.storage.reply import BrokenOffError, Patience, RefusedError, Reply, as_md5

_CHUNK = 2**18
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_DENIED = frozenset({401, 403})


def session(connections: int = 1) -> requests.Session:
    """Keeps connections open between requests; may be shared by that many threads."""
    made = requests.Session()
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # the one part of it that threads would share
    for scheme in ("http://", "https://"):
        made.mount(scheme, HTTPAdapter(pool_connections=connections, pool_maxsize=connections))
    return made


@contextlib.contextmanager
def opened(url: str, offset: int, validator: str | None, patience: Patience, http: requests.Session) -> Iterator[Reply]:
    """Asks for a file from `offset` on; from its beginning where it is no longer the one that `validator` tells.

    Raises:
        RefusedError, BrokenOffError: there is no such file, or the server does not answer.
    """
    with _get(url, offset, validator, patience, http) as response:
        yield _reply(response, offset, patience)


def size(url: str, patience: Patience, http: requests.Session) -> int | None:
    """Bytes of a file, where the server tells them."""
    timeout = (patience.connect, patience.read)
    try:
        response = http.head(url, headers={"Accept-Encoding": "identity"}, timeout=timeout, allow_redirects=True)
    except (requests.RequestException, urllib3.exceptions.HTTPError):
        return None  # whoever fetches it will be told why
    return _whole(response.headers.get("Content-Length")) if response.ok else None


@contextlib.contextmanager
def _get(
    url: str, offset: int, validator: str | None, patience: Patience, http: requests.Session
) -> Iterator[requests.Response]:
    headers = {"Accept-Encoding": "identity"}  # else the length would be that of a compressed body
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if validator:
            headers["If-Range"] = validator
    try:
        response = http.get(url, headers=headers, stream=True, timeout=(patience.connect, patience.read))
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.TooManyRedirects) as error:
        raise RefusedError(f"cannot be asked for ({type(error).__name__})") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise BrokenOffError(_why(error, patience)) from None
    with response:
        yield response


def _reply(response: requests.Response, offset: int, patience: Patience) -> Reply:
    status, headers = response.status_code, response.headers
    if status in _AGAIN:
        wait = _whole(headers.get("Retry-After"))
        raise BrokenOffError(f"{status} {response.reason}", None if wait is None else float(wait))
    body = _body(response, patience)
    if status == 416:  # nothing lies behind the offset: either all is here, or what is here is of another file
        total = _whole((headers.get("Content-Range") or "").rpartition("/")[2])
        if total != offset:
            raise BrokenOffError("does not have the part that was asked for", stale=True)
        return Reply(offset, total, None, _md5(response), iter(()))
    if status == 206:
        start, total = _range(headers.get("Content-Range") or "")
        if start != offset:
            raise BrokenOffError("answered with another part than was asked for", stale=True)
        rest = _whole(headers.get("Content-Length"))
        total = total if total is not None or rest is None else offset + rest
        return Reply(offset, total, _validator(response), _md5(response), body)
    if status != 200:
        hint = (
            f"; credentials are given in the URL, or in {urls.CREDENTIALS} on every node" if status in _DENIED else ""
        )
        raise RefusedError(f"{status} {response.reason}{hint}")
    if headers.get("Content-Encoding", "identity") != "identity":  # asked not to, yet compressed: nothing to go by
        return Reply(0, None, None, None, body)
    return Reply(0, _whole(headers.get("Content-Length")), _validator(response), _md5(response), body)


def _body(response: requests.Response, patience: Patience) -> Iterator[bytes]:
    try:
        # read1 hands on whatever has come, so that little is lost when the connection breaks.
        while data := response.raw.read1(_CHUNK, decode_content=True):
            yield data
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise BrokenOffError(_why(error, patience)) from None


def _validator(response: requests.Response) -> str | None:
    etag = response.headers.get("ETag")
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")


def _md5(response: requests.Response) -> bytes | None:
    """What the server says of the whole file: Google's and Azure's own headers, or the standard one."""
    headers = response.headers
    told = headers.get("x-ms-blob-content-md5")
    if response.status_code == 200:
        told = told or headers.get("Content-MD5")  # of a part it would be the part's
    if headers.get("x-goog-stored-content-encoding", "identity") == "identity":
        hashes = dict(re.findall(r"(\w+)=([A-Za-z0-9+/=]+)", headers.get("x-goog-hash", "")))
        told = told or hashes.get("md5")
    return as_md5(told)


def _range(text: str) -> tuple[int | None, int | None]:
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", text.strip())
    return (int(found[1]), _whole(found[2])) if found else (None, None)


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _why(error: BaseException, patience: Patience) -> str:
    chain = [error]
    while (deeper := chain[-1].__cause__ or chain[-1].__context__) is not None and deeper not in chain:
        chain.append(deeper)
    said = [link.strerror for link in chain if isinstance(link, OSError) and link.strerror]
    if said:
        return said[-1]
    if any(isinstance(link, requests.ConnectTimeout | urllib3.exceptions.ConnectTimeoutError) for link in chain):
        return f"no connection within {patience.connect:g} s"
    if any(isinstance(link, requests.ReadTimeout | urllib3.exceptions.ReadTimeoutError) for link in chain):
        return f"nothing came for {patience.read:g} s"
    if any(isinstance(link, urllib3.exceptions.IncompleteRead) for link in chain):
        return "broke off early"
    return f"the connection failed ({type(chain[-1]).__name__})"
