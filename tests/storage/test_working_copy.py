"""What a node sees, writes and removes in its copy of a folder in a store, beside another node's copy of the same."""

import time

import pytest

from ablate import storage
from ablate.results import mirror
from ablate.storage import NoRoomError, UnreachableError, node_cache, working_copy

PLACE = "s3://bucket/work"


@pytest.fixture
def node(s3, monkeypatch, tmp_path):
    """Goes to a node, which has a cache of its own, and gives its copy."""
    if s3.get_file_info("bucket/work").type.name == "Directory":
        s3.delete_dir("bucket/work")

    def go(name):
        monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / name))
        with working_copy.hold(PLACE) as copy:
            return copy

    return go


def test_what_one_node_publishes_another_one_pulls(node):
    one = node("one")
    storage.publish(one / "checkpoints" / "t.ckpt", b"first")
    other = node("other")
    working_copy.pull(other / "checkpoints" / "t.ckpt")
    assert (other / "checkpoints" / "t.ckpt").read_bytes() == b"first"
    storage.publish(other / "checkpoints" / "t.ckpt", b"second, longer")
    working_copy.pull(one / "checkpoints" / "t.ckpt")
    assert (one / "checkpoints" / "t.ckpt").read_bytes() == b"second, longer"


def test_what_one_node_removes_the_other_one_has_no_more(node):
    one, other = node("one"), node("other")
    storage.publish(one / "weights" / "t", b"x")
    working_copy.pull(other / "weights" / "t")
    working_copy.remove(one / "weights" / "t")
    assert not (one / "weights" / "t").exists()
    working_copy.pull(other / "weights" / "t")
    assert not (other / "weights" / "t").exists()


def test_nothing_appears_here_that_the_store_does_not_have(node, monkeypatch):
    copy = node("one")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("ablate.storage.uploading.upload.__defaults__", (storage.RetryPolicy(attempts=1),))
    with pytest.raises(UnreachableError, match=r"cannot write s3://bucket/work/trials/s\.parquet"):
        storage.publish(copy / "trials" / "s.parquet", b"x")
    assert [*(copy / "trials").iterdir()] == []


def test_what_was_published_here_is_not_fetched_again(node):
    copy = node("one")
    storage.publish(copy / "trials" / "s.parquet", b"x")
    told = []
    mirror.refresh(copy, told.append)
    assert told == []
    node("other")
    mirror.refresh(node("other"), told.append)
    assert len(told) == 1


def test_a_file_that_appears_while_the_store_is_listed_stays(node, monkeypatch):
    copy = node("one")
    storage.publish(copy / "trials" / "old.parquet", b"x")
    storage.delete(f"{PLACE}/trials/old.parquet")
    time.sleep(0.01)
    listed = mirror._files

    def slowly(place, wanted):
        found = listed(place, wanted)
        storage.publish(copy / "trials" / "new.parquet", b"x")
        return found

    monkeypatch.setattr(mirror, "_files", slowly)
    mirror.refresh(copy)
    assert [path.name for path in (copy / "trials").iterdir()] == ["new.parquet"]


def test_a_file_that_is_removed_between_listing_and_fetching_is_passed_over(node):
    copy = node("one")
    for name in ("kept", "withdrawn"):
        storage.publish(f"{PLACE}/trials/{name}.parquet", b"x")
    files = mirror._files(PLACE, ["trials"])
    storage.delete(f"{PLACE}/trials/withdrawn.parquet")
    working_copy.fetch_all(copy, files)
    assert [path.name for path in (copy / "trials").iterdir()] == ["kept.parquet"]


def test_a_derived_file_that_the_store_lost_goes_here_too(node):
    copy = node("one")
    for name in ("locations.parquet", "trials.parquet"):
        storage.publish(copy / name, b"x")
    storage.delete(f"{PLACE}/locations.parquet")
    time.sleep(0.01)
    mirror.refresh(copy)
    assert [path.name for path in copy.glob("*.parquet")] == ["trials.parquet"]


def test_what_a_running_population_keeps_here_stays(node):
    copy = node("one")
    own = copy / "searches" / "h1" / "ablate-tune-x" / "run" / "result.json"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"{}")
    time.sleep(0.01)
    mirror.refresh(copy)
    assert own.exists()


def test_a_folder_that_is_no_copy_is_left_alone(tmp_path):
    (tmp_path / "x").write_bytes(b"x")
    for what in (working_copy.pull, working_copy.push):
        what(tmp_path / "x")
    working_copy.forget([tmp_path / "x"])
    assert (tmp_path / "x").read_bytes() == b"x"
    assert working_copy.place_of(tmp_path) == str(tmp_path)
    working_copy.remove(tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_what_is_copied_makes_room_first_and_keeps_to_the_limit(node, monkeypatch):
    for name in ("a", "b"):
        storage.publish(f"{PLACE}/images/{name}.parquet", bytes(1500))
    copy = node("one")
    monkeypatch.setenv(node_cache.LIMIT, "0.000004")
    with node_cache.hold("copies", "x", lambda: 2000, lambda to: storage.publish(to / "m", b""), "m"):
        with pytest.raises(NoRoomError):
            mirror.refresh(copy)
        assert not [*copy.glob("images/*")]
    mirror.refresh(copy)
    assert len([*copy.glob("images/*")]) == 2
    assert not (copy.parents[1] / "copies" / "x").exists()
    assert storage.listed(f"{PLACE}/.size") is None


def test_a_copy_that_nobody_uses_makes_room_for_others(node, monkeypatch, tmp_path):
    copy = node("one")
    storage.publish(copy / "weights" / "t", bytes(3000))
    monkeypatch.setenv(node_cache.LIMIT, "0.000004")
    with node_cache.hold("copies", "x", lambda: 2000, lambda to: storage.publish(to / "m", b""), "m"):
        assert not copy.exists()
