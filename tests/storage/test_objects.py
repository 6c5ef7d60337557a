"""Files and data roots in object stores."""

import base64
import random
import shutil
import socket

import pytest

from ablate import storage
from ablate.data import arrays, shards
from ablate.data.manifest import read_manifest
from ablate.storage import FetchError, MissingError, RetryPolicy, UnreachableError, fetch
from datasets import embedded
from tests.stores import put, upload

CONTENT = random.Random(0).randbytes(300_000)
QUICK = RetryPolicy(connect=1, read=1, attempts=2, backoff=0.01)


@pytest.fixture(params=["s3 by the environment", "s3 by the URL", "gs"])
def url(request, s3, gcs, s3_port, monkeypatch):
    """The URL of a file, by each way to tell where the store is."""
    put(s3, "bucket/a/x.bin", CONTENT)
    (gcs[0] / "bucket" / "a").mkdir(exist_ok=True)
    (gcs[0] / "bucket" / "a" / "x.bin").write_bytes(CONTENT)
    if request.param == "gs":
        return f"gs://anonymous@bucket/a/x.bin?{gcs[1]}"
    if request.param == "s3 by the environment":
        return "s3://bucket/a/x.bin"
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    return f"s3://key:secret@bucket/a/x.bin?endpoint_override=127.0.0.1:{s3_port}&scheme=http&region=us-east-1"


def test_a_file_is_fetched_from_an_object_store(url, tmp_path):
    fetch([url], tmp_path / "x.bin", policy=QUICK)
    assert (tmp_path / "x.bin").read_bytes() == CONTENT
    assert storage.size(url) == len(CONTENT)


def test_a_part_that_is_there_is_gone_on_with_if_it_is_of_the_same_object(url, tmp_path):
    def resume():
        grown = []
        fetch([url], tmp_path / "x.bin", policy=QUICK, progress=grown.append)
        assert (tmp_path / "x.bin").read_bytes() == CONTENT
        return grown

    def interrupted(grown):
        if grown:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch([url], tmp_path / "x.bin", policy=QUICK, progress=interrupted)
    (tmp_path / ".x.bin.partial").write_bytes(CONTENT[:1000])
    assert resume() == [1000, len(CONTENT) - 1000]
    (tmp_path / ".x.bin.partial").write_bytes(b"else")
    (tmp_path / ".x.bin.partial.of").write_text("another")
    assert resume() == [4, -4, len(CONTENT)]


def test_an_object_that_is_not_there_is_asked_for_once(url, tmp_path):
    with pytest.raises(MissingError, match=r"bucket/a/none\.bin.*: no such object$"):
        fetch([url.replace("x.bin", "none.bin")], tmp_path / "x.bin", policy=QUICK)
    assert list(tmp_path.iterdir()) == []


def test_googles_digest_is_compared(gcs, tmp_path):
    folder, options = gcs
    (folder / "bucket" / "y.bin").write_bytes(CONTENT)
    (folder / "bucket" / "y.bin.md5").write_text(base64.b64encode(bytes(16)).decode())
    with pytest.raises(FetchError, match="its md5 is"):
        fetch([f"gs://anonymous@bucket/y.bin?{options}"], tmp_path / "y.bin", policy=QUICK)


def test_a_store_that_does_not_answer_is_an_error(tmp_path):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        url = f"s3://key:geheim@bucket/x?endpoint_override=127.0.0.1:{deaf.getsockname()[1]}&scheme=http"
        with pytest.raises(UnreachableError, match=r"s3://bucket/x\?.*: network connection \(2 attempts\)") as caught:
            fetch([url], tmp_path / "x", policy=QUICK)
    assert "geheim" not in str(caught.value)


def test_a_data_root_in_a_bucket_is_read_like_a_folder(s3, tiny_root, tmp_path, monkeypatch):
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    upload(s3, tiny_root, "bucket/root")
    root = embedded.find("s3://bucket/root")
    root.verify(["crop"], lambda line: None)
    assert len(arrays.load(root, "crop", "train", 32)) == 16
    assert not list((tmp_path / "cache").rglob("i2i*"))


def test_a_data_root_in_googles_store_too(gcs, tiny_root, tmp_path, monkeypatch):
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    folder, options = gcs
    shutil.copytree(tiny_root, folder / "bucket" / "root")
    found = embedded.root(f"gs://anonymous@bucket/root?{options}", lambda line: None)
    shards.verify(found, read_manifest(found), ["crop", "real"])
