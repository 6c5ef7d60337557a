import os
import subprocess
import sys
import textwrap
import time

import pytest

from ablate.data import arrays
from ablate.data import root as data
from ablate.errors import UsageError
from ablate.storage import NoRoomError, node_cache

MB = 10**6


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache of its own, of 10 MB."""
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ABLATE_CACHE_GB", "0.01")
    return tmp_path / "cache"


def hold(name, size, kind="copies", made=None):
    def make(folder):
        (folder / "content").write_bytes(bytes(size))
        (folder / "whole").write_bytes(b"")
        if made is not None:
            made.append(name)

    return node_cache.hold(kind, name, lambda: size, make, "whole")


def entries(folder, kind="copies"):
    return sorted(path.name for path in (folder / kind).iterdir())


def used_long_ago(folder, name, seconds):
    os.utime(folder / "locks" / "copies" / name, (time.time() - seconds,) * 2)


def test_an_entry_is_made_once(folder):
    made = []
    for _ in range(3):
        with hold("a", 10, made=made) as entry:
            assert (entry / "content").stat().st_size == 10
    assert made == ["a"]


def test_the_least_recently_used_go_first(folder):
    for name, age in (("a", 30), ("b", 20), ("c", 10)):
        hold(name, 3 * MB).release()
        used_long_ago(folder, name, age)
    hold("a", 3 * MB).release()  # used again
    hold("d", 3 * MB).release()
    assert entries(folder) == ["a", "c", "d"]


def test_what_is_held_stays_and_the_next_goes(folder):
    held = hold("a", 4 * MB)
    used_long_ago(folder, "a", 100)
    hold("b", 4 * MB).release()
    hold("c", 4 * MB).release()
    assert entries(folder) == ["a", "c"]
    held.release()
    used_long_ago(folder, "a", 100)
    hold("d", 4 * MB).release()
    assert entries(folder) == ["c", "d"]


def test_kinds_share_the_limit(folder):
    hold("a", 6 * MB).release()
    hold("b", 6 * MB, kind="decoded").release()
    assert entries(folder) == []
    assert entries(folder, "decoded") == ["b"]


def test_no_room_is_one_line_with_numbers_and_the_variable(folder):
    with (
        hold("a", 8 * MB),
        pytest.raises(NoRoomError, match=r"0\.005 GB needed, 0\.008 GB in use, 0\.01 GB allowed \(ABLATE_CACHE_GB\)"),
    ):
        hold("b", 5 * MB)
    assert entries(folder) == ["a"]
    hold("b", 5 * MB).release()
    with pytest.raises(UsageError, match="no room"):
        hold("c", 11 * MB)


def test_booked_room_counts_before_it_is_filled(folder):
    def make(entry):
        with pytest.raises(UsageError, match="no room"):
            hold("b", 4 * MB)

    with pytest.raises(RuntimeError):
        node_cache.hold("copies", "a", lambda: 7 * MB, lambda entry: (make(entry), fail()), "whole")


def fail():
    raise RuntimeError("died")


def test_what_failed_is_made_again(folder):
    with pytest.raises(RuntimeError):
        node_cache.hold("copies", "a", lambda: 1, lambda entry: fail(), "whole")
    with hold("a", 1) as entry:
        assert (entry / "whole").is_file()


def test_the_rest_of_a_killed_removal_is_cleared_away(folder):
    (folder / "copies" / ".gone-12").mkdir(parents=True)
    hold("a", 1).release()
    assert entries(folder) == ["a"]


@pytest.mark.parametrize("text", ["much", "0", "-1", "inf", "nan"])
def test_a_limit_that_is_no_size_is_an_error(text, folder, monkeypatch):
    monkeypatch.setenv("ABLATE_CACHE_GB", text)
    with pytest.raises(UsageError, match=f"ABLATE_CACHE_GB={text}: not a size in GB"):
        node_cache.limit()


def test_a_relative_folder_is_an_error(monkeypatch):
    monkeypatch.setenv("ABLATE_CACHE", "here")
    with pytest.raises(UsageError, match="ABLATE_CACHE=here: give an absolute path, such as /"):
        hold("a", 1)


def test_processes_that_need_the_same_make_it_once_and_die_without_harm(folder):
    code = textwrap.dedent("""
        import os, sys, time
        from ablate.storage import node_cache as cache
        def make(folder):
            with (folder.parent.parent / "made").open("a") as file:
                file.write("x")
            time.sleep(0.5)
            if sys.argv[1] == "dies":
                os.kill(os.getpid(), 9)
            (folder / "whole").write_bytes(b"")
        cache.hold("copies", "a", lambda: 1, make, "whole")
    """)
    dying = subprocess.Popen([sys.executable, "-c", code, "dies"])
    while not (folder / "made").is_file():
        time.sleep(0.01)
    living = [subprocess.Popen([sys.executable, "-c", code, "lives"]) for _ in range(2)]
    assert [process.wait(timeout=30) for process in (dying, *living)] == [-9, 0, 0]
    assert (folder / "made").read_text() == "xx"


def test_decoded_pictures_are_entries_that_stay_while_they_are_read(folder, tiny_root, monkeypatch):
    root = data.at(str(tiny_root))
    monkeypatch.setenv("ABLATE_CACHE_GB", f"{2 * root.decoded_size('crop', 'train', 32) / 1e9}")
    loaded = arrays.load(root, "crop", "train", 32)
    arrays.load(root, "crop", "val", 32)
    arrays.load(root, "i2i", "val", 32)
    with pytest.raises(UsageError, match="no room"):
        arrays.load(root, "i2i", "train", 32)
    assert loaded.image_n3hw.float().mean() > 0
    del loaded
    arrays.load(root, "i2i", "train", 32)
    assert [name.rsplit("-", 3)[0] for name in entries(folder, "decoded")] == ["i2i-train"]
