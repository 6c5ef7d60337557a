"""What becomes of a search whose hold another run has taken over."""

import threading

import pytest

from ablate import storage
from ablate.errors import UsageError
from ablate.results import mirror, search_record
from ablate.storage import leases

HELD = "s3://bucket/taken/searches/h1/held"


def test_a_search_that_lost_its_hold_ends_with_one_line(s3, tmp_path, monkeypatch):
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path))
    monkeypatch.setattr(leases, "_EVERY", 0.2)

    def search(out):
        with search_record.held(out, "h1", "hue"):
            (own,) = storage.listing(HELD)
            storage.delete(f"{HELD}/{own.name}")
            threading.Event().wait(60)
            raise AssertionError("nobody has ended it")

    told = r"space=hue: ended, .* out=s3://bucket/taken is gone"
    with mirror.writable("s3://bucket/taken") as out, pytest.raises(UsageError, match=told):
        search(out)
    assert storage.listing(HELD) == []


def test_an_interrupt_of_a_search_that_is_held_stays_one(s3, tmp_path, monkeypatch):
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path))
    interrupted = pytest.raises(KeyboardInterrupt)
    with mirror.writable("s3://bucket/kept") as out, interrupted, search_record.held(out, "h1", "hue"):
        raise KeyboardInterrupt
