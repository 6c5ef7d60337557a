"""Where Ray's files go: found before Ray starts, or refused in a line."""

import os
from pathlib import Path

import pytest

from ablate.errors import UsageError
from ablate.runner import ray_folder


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.delenv("TMPDIR", raising=False)


def test_a_short_folder_that_was_named_is_taken(monkeypatch):
    monkeypatch.setenv("TMPDIR", "/dev/shm")
    assert ray_folder.root() == Path("/dev/shm")
    monkeypatch.setenv("RAY_TMPDIR", "/tmp")
    assert ray_folder.root() == Path("/tmp")


def test_a_long_or_missing_tmpdir_gives_way_to_a_short_one(monkeypatch, tmp_path):
    folder = tmp_path / ("long" * 10)
    folder.mkdir()
    for place in (folder, tmp_path / "none"):
        monkeypatch.setenv("TMPDIR", str(place))
        assert ray_folder.root() == Path("/tmp")


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("/" + "x" * 60, r"is 2\d bytes too long"),
        ("relative", "is not an absolute path"),
        ("/nowhere", "cannot be written: No such file or directory"),
        ("/proc", "cannot be written"),
    ],
)
def test_a_folder_that_was_named_for_ray_is_taken_or_refused(monkeypatch, place, problem):
    monkeypatch.setenv("RAY_TMPDIR", place)
    with pytest.raises(UsageError, match=rf"RAY_TMPDIR={place} {problem}.*; name another folder, such as RAY_TMPDIR=/"):
        ray_folder.root()


def test_a_full_one_is_refused(monkeypatch, tmp_path):
    room = os.statvfs("/tmp")
    monkeypatch.setattr(ray_folder, "_ROOM", room.f_frsize * room.f_blocks + 1)
    monkeypatch.setenv("RAY_TMPDIR", "/tmp")
    with pytest.raises(UsageError, match=r"/tmp has \d+ MB free, and \d+ are needed"):
        ray_folder.root()


def test_sockets_fit_where_the_folder_does():
    """The longest name that Ray gives one here; `_APPENDED` must not be shorter."""
    assert len(ray_folder._APPENDED) >= len("/ray/session_2026-11-26_21-00-34_735535_1234567/sockets/dash_ReportHead")
