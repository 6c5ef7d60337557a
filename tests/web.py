"""A web server on a real socket that misbehaves as it is told, and remembers what it was asked for."""

import base64
import contextlib
import hashlib
import re
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass
class Site:
    """What the server holds and does.

    Attributes:
        files: by path, such as `/a/b.jpg`.
        faults: by path, what to do instead of answering well, one for each GET that comes: a status; or `truncate`
            (half of what was asked for, then the connection closes), `stall` (half, then nothing), `silence`, `wrong`
            (other bytes of the same length), `trickle` (a little at a time), `later` (in a second).
        ranges, etags, digests: whether it honours Range, sends ETag, sends MD5s.
        asked: (method, path, Range) of each request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[int | str]] = field(default_factory=lambda: defaultdict(list))
    ranges: bool = True
    etags: bool = True
    digests: bool = False
    password: str | None = None
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def share(self, folder: Path, at: str = "") -> None:
        """Serves the files below a folder."""
        for path in folder.rglob("*"):
            if path.is_file():
                self.files[f"{at}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()

    def gets(self, path: str) -> list[str | None]:
        """The Range of each GET for a path."""
        return [wanted for method, asked, wanted in self.asked if (method, asked) == ("GET", path)]


@contextlib.contextmanager
def serving(site: Site | None = None, port: int = 0):
    """Serves a site on the loopback interface; gives it, with its `url` set."""
    site = site or Site()
    site.closing.clear()
    server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"site": site}))
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        pass  # clients that are killed in the middle are what it is for


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, body: bool):
        site, path = self.site, unquote(urlsplit(self.path).path)
        site.asked.append((self.command, path, self.headers.get("Range")))
        fault = site.faults[path].pop(0) if body and site.faults[path] else None
        known = f"Basic {base64.b64encode((site.password or '').encode()).decode()}"
        if site.password and self.headers.get("Authorization") != known:
            fault = 401
        if fault == "later":
            self._send(503, {"Content-Length": "0", "Retry-After": "1"})
            return
        if isinstance(fault, int) or path not in site.files:
            self._send(fault or 404, {"Content-Length": "0"})
            return
        if fault == "silence":
            self._hang()
            return
        data = site.files[path]
        headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()[:8]}"'} if site.etags else {}
        if site.digests:
            headers["x-goog-hash"] = f"crc32c=AAAAAA==, md5={base64.b64encode(hashlib.md5(data).digest()).decode()}"
        start, status = self._start(headers.get("ETag")), 200
        if start is not None:
            status = 206 if start < len(data) else 416
            last = f"{start}-{len(data) - 1}" if status == 206 else "*"
            headers["Content-Range"] = f"bytes {last}/{len(data)}"
            data = data[start:]
        self._send(status, headers | {"Content-Length": str(len(data))})
        if body:
            self._send_body(bytes(255 - byte for byte in data) if fault == "wrong" else data, fault)

    def _start(self, etag):
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        same = self.headers.get("If-Range") in {None, etag}
        return int(found[1]) if found and same and self.site.ranges else None

    def _send(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_body(self, data, fault):
        if fault == "trickle":
            for start in range(0, len(data), 1024):
                self.wfile.write(data[start : start + 1024])
                self.site.closing.wait(0.02)
        elif fault in {"truncate", "stall"}:
            self.wfile.write(data[: len(data) // 2])
            if fault == "stall":
                self._hang()
            self.close_connection = True
        else:
            self.wfile.write(data)

    def _hang(self):
        self.site.closing.wait(60)
        self.close_connection = True
