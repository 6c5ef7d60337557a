"""URLs as text: which ones are known, how names are appended, and which parts are secret."""

from __future__ import annotations

import os
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from ablate.errors import UsageError, suggest

_HTTP = frozenset({"http", "https"})
_OBJECT_STORES = frozenset({"s3", "gs"})
OPTIONS = ("endpoint_override", "region", "scheme")  # of an object store's URL; nothing secret
CREDENTIALS = "ABLATE_DATA_URL"  # the complete URL of `data=`
OF_RESULTS = "ABLATE_OUT_URL"  # that of `out=`


def is_url(place: str) -> bool:
    """Whether a place is a URL rather than a path."""
    return "://" in place


def is_http(url: str) -> bool:
    """Whether it is a web server's rather than an object store's."""
    return url.partition("://")[0] in _HTTP


def require(url: str, key: str) -> None:
    """Raises a `UsageError` unless a URL can be read; `key` is what the user typed before the `=`."""
    shown = without_credentials(url)
    scheme = url.partition("://")[0]
    if scheme not in _HTTP | _OBJECT_STORES:
        known = sorted(f"{name}://" for name in _HTTP | _OBJECT_STORES)
        raise UsageError(f"{key}={shown}: {suggest(f'{scheme}://', known)}; a local folder is given by its path")
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, brackets that do not close
        named = False
    if not named:
        raise UsageError(f"{key}={shown}: not a whole URL; write it like https://host/folder or s3://bucket/folder")
    options = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)] if scheme in _OBJECT_STORES else []
    for option in options:
        if option not in OPTIONS:
            raise UsageError(f"{key}={shown}: {option}= is no option of such a URL; {suggest(option, OPTIONS)}")


def join(url: str, name: str) -> str:
    """The URL of a file below a URL; a query (a signature, a store's options) stays at the end."""
    parts = urlsplit(url)
    name = quote(name) if is_http(url) else name
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}", fragment=""))


def without_credentials(place: str) -> str:
    """A place as it may be printed and stored: user, password and signature left out. Paths stay as they are."""
    if not is_url(place):
        return place
    scheme, _, rest = place.partition("://")  # by hand: also of what urlsplit would refuse
    address, _, query = rest.partition("#")[0].partition("?")
    host, slash, path = address.partition("/")
    options = [(name, value) for name, value in parse_qsl(query) if name in OPTIONS and scheme in _OBJECT_STORES]
    user, at, host = host.rpartition("@")
    public = f"{scheme}://{user + at if user == 'anonymous' else ''}{host}{slash}{path}".rstrip("/")
    return public + (f"?{urlencode(options, safe=':/')}" if options else "")


def has_credentials(place: str) -> bool:
    """Whether a place is a URL that must not be printed or stored as it is."""
    return is_url(place) and without_credentials(place) != place.rstrip("/")


def remember(url: str, variable: str = CREDENTIALS) -> str:
    """A URL without its credentials, which this process and those that it starts find again by `with_credentials`.

    They pass through the environment, so that no plan, log or result holds them.
    """
    if has_credentials(url):
        os.environ[variable] = url
    return without_credentials(url)


def with_credentials(public: str) -> str:
    """The URL to open for one that was stored: with the credentials that the environment has for it, if any."""
    known = (os.environ.get(variable, "") for variable in (CREDENTIALS, OF_RESULTS))
    return next((url for url in known if url and without_credentials(url) == public), public)
