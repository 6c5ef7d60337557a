"""As much of Google Cloud Storage as reading takes; a process of its own, for its client keeps Python waiting.

python fake_gcs.py FOLDER: serves FOLDER/BUCKET/NAME and prints its port.
"""

import base64
import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        address = urlsplit(self.path)
        bucket, _, name = address.path.rpartition("/v1/b/")[2].partition("/o/")
        path = Path(sys.argv[1]) / bucket / unquote(name)
        if not name:
            self.answer(200, json.dumps(self.listed(bucket.removesuffix("/o"), parse_qs(address.query))).encode())
        elif not path.is_file():
            self.answer(404, b'{"error": {"code": 404, "message": "No such object"}}')
        elif parse_qs(address.query).get("alt") == ["media"]:
            start = int((self.headers.get("Range") or "bytes=0-")[6:].split("-")[0])
            self.answer(206 if start else 200, path.read_bytes()[start:])
        else:
            self.answer(200, json.dumps(self.about(bucket, unquote(name), path.read_bytes())).encode())

    def listed(self, bucket, wanted):
        folder = Path(sys.argv[1]) / bucket
        prefix = wanted.get("prefix", [""])[0]
        names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
        below = [name for name in sorted(names) if name.startswith(prefix)]
        return {
            "kind": "storage#objects",
            "items": [self.about(bucket, name, (folder / name).read_bytes()) for name in below],
        }

    def about(self, bucket, name, data):
        digest = (path := Path(sys.argv[1]) / bucket / f"{name}.md5").is_file() and path.read_text()
        return {
            "kind": "storage#object",
            "id": name,
            "name": name,
            "bucket": bucket,
            "size": str(len(data)),
            "etag": hashlib.sha256(data).hexdigest()[:8],
            "md5Hash": digest or base64.b64encode(hashlib.md5(data).digest()).decode(),
            "generation": "1",
            "metageneration": "1",
            "timeCreated": "2020-01-01T00:00:00Z",
            "updated": "2020-01-01T00:00:00Z",
        }

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
