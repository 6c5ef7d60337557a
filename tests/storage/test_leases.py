"""Leases, in a store and in a folder."""

import os
import threading
import time

import pytest

from ablate import storage
from ablate.storage import leases
from ablate.storage.leases import HeldError, lease


@pytest.fixture(params=["s3", "folder"])
def place(request, s3, tmp_path):
    return "s3://bucket/held" if request.param == "s3" else str(tmp_path / "held")


def hold(place):
    return lease(place, lambda: None)


def test_of_two_one_holds_it_and_then_the_other_one(place):
    with hold(place), pytest.raises(HeldError, match=r"its last sign of life was \d s ago"), hold(place):
        pass
    with hold(place):
        pass
    assert storage.listing(place) == []


def test_signs_of_life_keep_it_and_a_dead_holder_loses_it(place, monkeypatch):
    monkeypatch.setattr(leases, "_EXPIRES", 3.0)
    monkeypatch.setattr(leases, "_EVERY", 0.5)
    with hold(place):
        time.sleep(4.5)
        with pytest.raises(HeldError), hold(place):
            pass
    storage.publish(f"{place}/{'0' * 16}.lease" if "://" in place else place_of_dead(place), b"{}")
    with pytest.raises(HeldError), hold(place):
        pass
    time.sleep(4.5)
    with hold(place):
        assert len(storage.listing(place)) == 1  # the dead one's is gone


def test_a_holder_that_lost_it_hears_so_and_does_not_take_it_again(place, monkeypatch):
    monkeypatch.setattr(leases, "_EVERY", 0.2)
    lost = threading.Event()
    with lease(place, lost.set):
        (own,) = storage.listing(place)
        leases._remove(f"{place}/{own.name}")  # as who takes it over does
        assert lost.wait(60)
        time.sleep(0.5)
        assert storage.listing(place) == []


def place_of_dead(folder):
    return os.path.join(folder, f"{'0' * 16}.lease")
