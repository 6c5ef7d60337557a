"""A server in front of another one, which answers 503 to everything while a test wants it to."""

import contextlib
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_SAID = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_OWN = {"connection", "transfer-encoding", "content-length", "date", "server"}


class Proxy(ThreadingHTTPServer):
    """The server, in front of one that is at a port of the same address."""

    daemon_threads = True

    def __init__(self, ip: str, port: int) -> None:
        super().__init__((ip, 0), _Handler)
        self.behind = ip, port
        self.port: int = self.server_address[1]
        self.refusing, self.refused = threading.Event(), 0

    def refuse(self) -> None:
        """From now on the answer is 503."""
        self.refusing.set()

    def accept(self) -> int:
        """From now on it is the other server's; says how many requests were refused."""
        self.refusing.clear()
        return self.refused


class _Handler(BaseHTTPRequestHandler):
    """One connection to a proxy."""

    server: Proxy
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()

    def carry(self) -> None:
        body = self._body()
        if self.server.refusing.is_set():
            self.server.refused += 1
            self._answer(503, [("Content-Type", "application/xml")], _SAID)
            return
        there = HTTPConnection(*self.server.behind, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN | {"expect"}}
        there.request(self.command, self.path, body, headers | {"Content-Length": str(len(body))})
        answer = there.getresponse()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _OWN]
        size = answer.getheader("Content-Length") if self.command == "HEAD" else None
        self._answer(answer.status, kept, answer.read(), size)
        there.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = carry  # noqa: N815 - what the library looks for

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, size: str | None = None) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", size or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


@contextlib.contextmanager
def listening(ip: str, port: int) -> Iterator[Proxy]:
    """Listens at an address for a server that is at a port of the same address."""
    with Proxy(ip, port) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
