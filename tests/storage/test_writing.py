"""Publishing, listing and looking for files, on the disk and in an object store: whole, or not at all."""

import subprocess
import sys
import threading

import pytest

from ablate import storage
from ablate.storage import FetchError, RetryPolicy, UnreachableError
from tests.command import ROOT
from tests.stores import put, stalling

DATA = bytes(20_000_000)  # several parts of an upload
HALF = 12_000_000
QUICK = RetryPolicy(connect=1, read=1, attempts=2, backoff=0.01)


@pytest.fixture(params=["local", "s3", "gs"])
def place(request, s3, gcs, tmp_path):
    """Gives the place of a file in a folder that is not there yet."""
    folder, options = {
        "local": (tmp_path / "folder", ""),
        "s3": (f"s3://bucket/{tmp_path.name}", ""),
        "gs": (f"gs://anonymous@bucket/{tmp_path.name}", f"?{gcs[1]}"),
    }[request.param]
    return lambda name: f"{folder}/{name}".rstrip("/") + options


def url(port, name):
    return f"s3://key:secret@bucket/{name}?endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1"


def names(place):
    return sorted(file.name for file in storage.listing(place, below=True))


def test_what_is_published_is_found_and_listed(place):
    assert storage.listing(place("")) == []
    assert storage.size(place("a.bin")) is None
    storage.publish(place("a.bin"), b"1234")
    storage.publish(place("below/b.bin"), b"")
    storage.publish(place("a.bin"), b"12345")
    (listed,) = storage.listing(place(""))
    assert (listed.name, listed.size) == ("a.bin", 5)
    assert names(place("")) == ["a.bin", "below/b.bin"]
    assert storage.size(place("below/b.bin")) == 0
    assert storage.size(place("below")) is None


def test_a_file_has_one_time_however_it_is_asked_for(gcs, tmp_path):
    place = f"gs://anonymous@bucket/{tmp_path.name}/x.bin?{gcs[1]}"
    storage.publish(place, b"x")
    (listed,) = storage.listing(place.replace("/x.bin", ""))
    assert listed.modified == storage.listed(place).modified
    assert listed.modified % 10**9 == 0


def test_an_exception_in_the_middle_leaves_the_file_as_it_was(place):
    storage.publish(place("x.bin"), b"before")
    with pytest.raises(TypeError):
        storage.publish(place("x.bin"), "text where bytes are wanted")
    assert [file.size for file in storage.listing(place(""))] == [len(b"before")]


def test_a_reader_sees_an_object_whole_or_not_at_all(s3):
    writer = threading.Thread(target=storage.publish, args=("s3://bucket/seen/x.bin", DATA))
    writer.start()
    sizes = set()
    while writer.is_alive():
        sizes |= {file.size for file in storage.listing("s3://bucket/seen")}
    assert sizes <= {len(DATA)}
    assert names("s3://bucket/seen") == ["x.bin"]


def test_an_upload_that_breaks_off_leaves_the_object_as_it_was(s3, s3_port):
    put(s3, "bucket/broken/x.bin", b"before")
    with stalling(s3_port, HALF) as (port, stalled):
        with pytest.raises(UnreachableError, match=r"cannot write s3://bucket/broken/x\.bin") as caught:
            storage.publish(url(port, "broken/x.bin"), DATA, QUICK)
        assert stalled.is_set()
    assert "secret" not in str(caught.value)
    with s3.open_input_file("bucket/broken/x.bin") as file:
        assert file.read() == b"before"
    assert names("s3://bucket/broken") == ["x.bin"]


def test_killed_in_the_middle_of_an_upload_no_object_appears(s3, s3_port):
    with stalling(s3_port, HALF) as (port, stalled):
        code = f"from ablate import storage; storage.publish('{url(port, 'killed/x.bin')}', bytes({len(DATA)}))"
        process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
        assert stalled.wait(60)
        process.kill()
        process.wait()
    assert storage.listed("s3://bucket/killed/x.bin") is None


def test_a_store_that_does_not_answer_is_no_empty_folder(s3_port):
    with stalling(s3_port, 0) as (port, _):
        for question in (storage.listing, storage.listed):
            with pytest.raises(UnreachableError, match=r"s3://bucket/x.*\(2 attempts\)") as caught:
                question(url(port, "x"), QUICK)
            assert "secret" not in str(caught.value)


def test_a_bucket_that_is_not_there_cannot_be_written(s3):
    with pytest.raises(FetchError, match="cannot write s3://no-such-bucket/x: no such bucket"):
        storage.publish("s3://no-such-bucket/x", b"1", QUICK)


def test_a_web_server_lists_no_files_and_takes_none():
    with pytest.raises(FetchError, match=r"cannot write https://example\.org/x: a web server"):
        storage.publish("https://user:secret@example.org/x", b"1", QUICK)
    with pytest.raises(FetchError, match=r"cannot list https://example\.org/x: a web server lists no files"):
        storage.listing("https://user:secret@example.org/x", QUICK)
