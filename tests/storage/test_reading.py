import hashlib
import random
import signal
import subprocess
import sys
import time

import pytest

from ablate.storage import FetchError, MissingError, RetryPolicy, UnreachableError, fetch, md5_is, sha256_is
from tests.web import Site, serving

CONTENT = random.Random(0).randbytes(300_000)
QUICK = RetryPolicy(connect=1, read=0.3, attempts=3, backoff=0.01)


@pytest.fixture
def site():
    with serving(Site({"/x.bin": CONTENT})) as served:
        yield served


@pytest.fixture
def other():
    with serving(Site({"/x.bin": CONTENT})) as served:
        yield served


def is_content(path):
    return sha256_is(hashlib.sha256(CONTENT).hexdigest())(path)


def get(tmp_path, *sites, check=is_content, **more):
    return fetch([f"{site.url}/x.bin" for site in sites], tmp_path / "x.bin", check, policy=QUICK, **more)


def files(folder):
    return {path.name for path in folder.iterdir()}


def test_a_file_arrives_whole_and_nothing_else_is_left(site, tmp_path):
    grown = []
    assert get(tmp_path, site, progress=grown.append) == f"{site.url}/x.bin"
    assert (tmp_path / "x.bin").read_bytes() == CONTENT
    assert files(tmp_path) == {"x.bin"}
    assert sum(grown) == len(CONTENT)


def test_folders_are_made_and_an_empty_file_is_a_file(site, tmp_path):
    site.files["/x.bin"] = b""
    fetch([f"{site.url}/x.bin"], tmp_path / "a" / "b" / "x.bin")
    assert (tmp_path / "a" / "b" / "x.bin").read_bytes() == b""


@pytest.mark.parametrize("fault", [500, 503, 429, "truncate", "stall", "silence"])
def test_what_may_pass_is_tried_again_and_what_has_come_is_kept(fault, site, tmp_path):
    site.faults["/x.bin"] = [fault, fault]
    get(tmp_path, site)
    assert (tmp_path / "x.bin").read_bytes() == CONTENT
    asked = site.gets("/x.bin")
    assert len(asked) == 3
    if fault in {"truncate", "stall"}:
        assert asked == [None, "bytes=150000-", "bytes=225000-"]


def test_attempts_count_only_where_nothing_more_came(site, tmp_path):
    site.faults["/x.bin"] = ["truncate"] * 6  # more than the policy allows in a row without progress
    get(tmp_path, site)
    assert len(site.gets("/x.bin")) == 7


def test_a_server_that_stays_broken_is_left_for_the_next(site, other, tmp_path):
    site.faults["/x.bin"] = [500] * 100
    get(tmp_path, site, other)
    assert len(site.gets("/x.bin")) == QUICK.attempts
    assert other.gets("/x.bin") == [None]


def test_a_server_without_the_file_is_asked_once(site, other, tmp_path):
    del site.files["/x.bin"]
    get(tmp_path, site, other)
    assert site.gets("/x.bin") == [None]
    assert (tmp_path / "x.bin").read_bytes() == CONTENT


def test_that_no_server_has_it_is_told_from_a_server_that_fails(site, other, tmp_path):
    del site.files["/x.bin"], other.files["/x.bin"]
    with pytest.raises(MissingError, match="404 Not Found"):
        get(tmp_path, site, other)
    other.faults["/x.bin"] = [500] * 100
    with pytest.raises(UnreachableError):
        get(tmp_path, site, other)


def test_the_next_server_goes_on_where_the_first_broke_off(site, other, tmp_path):
    site.faults["/x.bin"] = ["truncate", *[500] * 100]
    get(tmp_path, site, other)
    assert other.gets("/x.bin") == ["bytes=150000-"]


def test_wrong_bytes_never_lie_under_the_name(site, other, tmp_path):
    site.faults["/x.bin"] = ["wrong"]
    get(tmp_path, site, other)
    assert (tmp_path / "x.bin").read_bytes() == CONTENT
    other.faults["/x.bin"] = ["wrong"]
    (tmp_path / "x.bin").unlink()
    with pytest.raises(FetchError, match="not the expected file: its sha256 is") as caught:
        get(tmp_path, other)
    assert files(tmp_path) == set()
    assert not isinstance(caught.value, UnreachableError)


def test_digests_that_the_server_sends_are_compared(site, tmp_path):
    site.digests = True
    site.faults["/x.bin"] = ["wrong"]
    with pytest.raises(FetchError, match="its md5 is"):
        get(tmp_path, site, check=None)
    get(tmp_path, site, check=None)
    md5_is(hashlib.md5(CONTENT).hexdigest())(tmp_path / "x.bin")


def test_a_server_that_ignores_ranges_starts_over(site, tmp_path):
    site.ranges = False
    site.faults["/x.bin"] = ["truncate"]
    grown = []
    get(tmp_path, site, progress=grown.append)
    assert (tmp_path / "x.bin").read_bytes() == CONTENT
    assert sum(grown) == len(CONTENT)
    assert min(grown) < 0


@pytest.mark.parametrize("etags", [True, False])
def test_parts_of_two_versions_are_never_joined(etags, site, tmp_path):
    site.etags = etags
    half = QUICK.attempts
    site.faults["/x.bin"] = ["truncate", *[500] * half]
    with pytest.raises(UnreachableError):
        get(tmp_path, site, check=None)
    assert (".x.bin.partial" in files(tmp_path)) is True
    site.files["/x.bin"] = CONTENT[::-1]
    get(tmp_path, site, check=None)
    assert (tmp_path / "x.bin").read_bytes() == CONTENT[::-1]


def test_joined_parts_that_fail_the_check_are_fetched_anew_from_the_same_server(site, tmp_path):
    site.etags = False
    (tmp_path / ".x.bin.partial").write_bytes(b"of something else")
    get(tmp_path, site)
    assert site.gets("/x.bin") == ["bytes=17-", None]
    assert (tmp_path / "x.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("there", [CONTENT, CONTENT + b"more"])
def test_a_partial_that_has_all_or_too_much(there, site, tmp_path):
    (tmp_path / ".x.bin.partial").write_bytes(there)
    get(tmp_path, site)
    assert (tmp_path / "x.bin").read_bytes() == CONTENT
    assert files(tmp_path) == {"x.bin"}


def test_an_error_names_each_mirror_and_what_it_said_and_no_password(site, other, tmp_path):
    del site.files["/x.bin"]
    other.faults["/x.bin"] = ["silence"] * 100
    mirrors = [
        f"{site.url.replace('//', '//user:geheim@')}/x.bin?sig=geheim",
        f"{other.url}/x.bin",
        "http://127.0.0.1:1/x.bin?sig=geheim",
        "http://user:geheim@no-such-host.invalid/x.bin",
    ]
    with pytest.raises(UnreachableError) as caught:
        fetch(mirrors, tmp_path / "x.bin", policy=QUICK)
    said = str(caught.value)
    assert f"{site.url}/x.bin: 404 Not Found" in said
    assert f"{other.url}/x.bin: no data for 0.3 s (3 attempts)" in said
    assert "http://127.0.0.1:1/x.bin: Connection refused (3 attempts)" in said
    assert "http://no-such-host.invalid/x.bin: " in said
    assert "geheim" not in said
    assert files(tmp_path) == set()


def test_a_password_in_the_url_is_used(site, tmp_path):
    site.password = "user:geheim"
    with pytest.raises(FetchError, match="401 Unauthorized; credentials"):
        get(tmp_path, site)
    fetch([f"{site.url.replace('//', '//user:geheim@')}/x.bin"], tmp_path / "x.bin", is_content, policy=QUICK)


def test_a_server_that_asks_for_time_gets_it(site, tmp_path):
    site.faults["/x.bin"] = ["later"]
    started = time.monotonic()
    get(tmp_path, site)
    assert time.monotonic() - started >= 1


def test_a_place_that_cannot_be_written_is_an_error_of_the_disk(site, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file") as caught:
        fetch([f"{site.url}/x.bin"], tmp_path / "file" / "x.bin", policy=QUICK)
    assert caught.value.filename


def test_killed_in_the_middle_it_goes_on_from_there(site, tmp_path):
    site.faults["/x.bin"] = ["trickle"]
    code = f"from ablate.storage import fetch; from pathlib import Path; fetch(['{site.url}/x.bin'], Path('x.bin'))"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    partial = tmp_path / ".x.bin.partial"
    while not (partial.is_file() and partial.stat().st_size > 10_000):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    there = partial.stat().st_size
    get(tmp_path, site)
    assert (tmp_path / "x.bin").read_bytes() == CONTENT
    assert site.gets("/x.bin") == [None, f"bytes={there}-"]
