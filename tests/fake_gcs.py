"""As much of Google Cloud Storage as reading and publishing take.

A process of its own, for its client keeps Python waiting.

python fake_gcs.py FOLDER: serves FOLDER/BUCKET/NAME and prints its port.
"""

import base64
import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit


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

    def do_POST(self):
        """Begins an upload, or copies an object."""
        address = urlsplit(self.path)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        bucket, _, name = address.path.rpartition("/v1/b/")[2].partition("/o")
        if address.path.startswith("/upload/"):
            name = parse_qs(address.query)["name"][0]
            self.send_response(200)
            self.send_header("Location", f"http://{self.headers['Host']}/uploading/{bucket}/{quote(name)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        source, _, target = address.path.partition("/storage/v1/b/")[2].partition("/rewriteTo/b/")
        data = self.path_of(source.replace("/o/", "/", 1)).read_bytes()
        self.path_of(target.replace("/o/", "/", 1)).write_bytes(data)
        bucket, _, name = target.partition("/o/")
        about = {"kind": "storage#rewriteResponse", "done": True, "resource": self.about(bucket, unquote(name), data)}
        self.answer(200, json.dumps(about | {"objectSize": len(data), "totalBytesRewritten": len(data)}).encode())

    def do_PUT(self):
        """Takes all of an upload."""
        place = urlsplit(self.path).path.removeprefix("/uploading/")
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.path_of(place).parent.mkdir(parents=True, exist_ok=True)
        self.path_of(place).write_bytes(data)
        bucket, _, name = place.partition("/")
        self.answer(200, json.dumps(self.about(bucket, unquote(name), data)).encode())

    def do_DELETE(self):
        self.path_of(urlsplit(self.path).path.rpartition("/v1/b/")[2].replace("/o/", "/", 1)).unlink()
        self.answer(204, b"")

    def path_of(self, place):
        return Path(sys.argv[1]) / unquote(place)

    def listed(self, bucket, wanted):
        folder = Path(sys.argv[1]) / bucket
        prefix = wanted.get("prefix", [""])[0]
        names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
        below = [name for name in sorted(names) if name.startswith(prefix)]
        deeper = [name for name in below if "delimiter" in wanted and "/" in name.removeprefix(prefix)]
        return {
            "kind": "storage#objects",
            "items": [self.about(bucket, name, (folder / name).read_bytes()) for name in below if name not in deeper],
            "prefixes": sorted({f"{prefix}{name.removeprefix(prefix).partition('/')[0]}/" for name in deeper}),
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
            "timeCreated": "2020-01-01T00:00:00.250Z",
            "updated": "2020-01-01T00:00:00.250Z",
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
