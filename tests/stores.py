"""Object stores for tests: s3:// by moto's server, gs:// by a small imitation, each a process of its own."""

import contextlib
import socket
import subprocess
import sys
import threading
import time

import pytest
from pyarrow import fs

from tests.command import ROOT


@pytest.fixture(scope="session")
def s3_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(port, server)
    yield port
    server.kill()
    server.wait()


def wait_for(port, server):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server did not start")


@pytest.fixture
def s3(s3_port, monkeypatch):
    """The store's own file system, with a bucket `bucket`; the user's environment points to it."""
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{s3_port}")
    monkeypatch.setenv("ABLATE_DATA_URL", "")
    store = fs.S3FileSystem(
        endpoint_override=f"http://127.0.0.1:{s3_port}", region="us-east-1", allow_bucket_creation=True
    )
    store.create_dir("bucket")
    return store


@pytest.fixture(scope="session")
def gcs(tmp_path_factory):
    """The folder that is served as Google's, and the options that lead there."""
    folder = tmp_path_factory.mktemp("gcs")
    (folder / "bucket").mkdir()
    command = [sys.executable, str(ROOT / "tests" / "fake_gcs.py"), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        yield folder, f"endpoint_override=127.0.0.1:{int(server.stdout.readline())}&scheme=http"
        server.kill()


def put(store, path, data):
    with store.open_output_stream(path) as file:
        file.write(data)


def upload(store, folder, to):
    """Every file of a folder, hidden ones left out."""
    for path in folder.rglob("[!.]*"):
        if path.is_file():
            put(store, f"{to}/{path.relative_to(folder).as_posix()}", path.read_bytes())


@contextlib.contextmanager
def stalling(port, after):
    """A port that leads to another one, and carries nothing more once that one was sent so many bytes.

    Gives the port, and an event that is set when that has happened.
    """
    sent, stalled, closing = 0, threading.Event(), threading.Event()
    opened = []

    def carry(source, target, counted):
        nonlocal sent
        with contextlib.suppress(OSError):
            while data := source.recv(2**16):
                sent += len(data) if counted else 0
                if sent > after:
                    stalled.set()
                    closing.wait()
                target.sendall(data)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                client, server = listener.accept()[0], socket.create_connection(("127.0.0.1", port))
                opened.extend((client, server))
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=carry, args=(source, target, source is client), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listener.getsockname()[1], stalled
        finally:
            for end in (listener, *opened):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
            closing.set()
