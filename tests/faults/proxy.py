"""A server in front of another one, which answers 503 to everything while a test wants it to."""

import contextlib
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_SAID = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_OWN = {"connection", "transfer-encoding", "content-length", "date", "server"}


class Proxy:
    """The server.

    Attributes:
        port: where it listens.
    """

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.port: int = server.server_address[1]
        self.refusing, self.refused = threading.Event(), 0

    def refuse(self) -> None:
        """From now on the answer is 503."""
        self.refusing.set()

    def accept(self) -> int:
        """From now on it is the other server's; says how many requests were refused."""
        self.refusing.clear()
        return self.refused


@contextlib.contextmanager
def listening(ip: str, port: int) -> Iterator[Proxy]:
    """Listens at an address for a server that is at a port of the same address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            with contextlib.suppress(ConnectionError):
                super().handle_one_request()

        def carry(self) -> None:
            body = self._body()
            if made.refusing.is_set():
                made.refused += 1
                self._answer(503, [("Content-Type", "application/xml")], _SAID)
                return
            there = HTTPConnection(ip, port, timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN | {"expect"}}
            there.request(self.command, self.path, body, headers | {"Content-Length": str(len(body))})
            answer = there.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _OWN]
            size = answer.getheader("Content-Length") if self.command == "HEAD" else None
            self._answer(answer.status, kept, answer.read(), size)
            there.close()

        def do_GET(self) -> None:
            self.carry()

        def do_HEAD(self) -> None:
            self.carry()

        def do_PUT(self) -> None:
            self.carry()

        def do_POST(self) -> None:
            self.carry()

        def do_DELETE(self) -> None:
            self.carry()

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

    with ThreadingHTTPServer((ip, 0), Handler) as server:
        server.daemon_threads = True
        made = Proxy(server)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
