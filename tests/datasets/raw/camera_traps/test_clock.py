from datetime import datetime

import pytest

from datasets.raw.camera_traps import clock

NOON = datetime(2015, 6, 1, 12, 0)


@pytest.mark.parametrize(
    "text",
    [
        "2015-06-01 12:00:00",
        "2015-06-01T12:00:00",
        "2015-06-01T12:00:00Z",
        "2015-06-01T12:00:00+02:00",
        "2015-06-01 12:00:00 UTC",
        "2015-06-01 12:00",
        "2015:06:01 12:00:00",
        "2015:06:01 12:00:00-0700",
        "2015:06:01 12:00:00.00",
        "2015/06/01 12:00:00",
        "2015.06.01 12:00",
        "2015/6/1 12:00:00",
        "2015-06-01 12:00:00 PM",
        "20150601_120000",
        " 2015-06-01 12:00:00 ",
    ],
)
def test_what_has_one_meaning_is_read(text):
    assert clock.read(text) == NOON


def test_fractions_and_halves_of_the_day_are_kept():
    assert clock.read("2015:06:01 12:00:00.25").microsecond == 250_000
    assert [clock.read(f"2015/06/01 {time}").hour for time in ("12:30 am", "01:30 AM", "7:30 pm")] == [0, 1, 19]


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("01/02/2015 12:00", "day or month first?"),
        ("13.02.2015 12:00:00", "day or month first?"),
        ("2015-06-01", "a date alone says nothing of the hour"),
        ("2015:06:01", "a date alone says nothing of the hour"),
        ("1433160000000", "a number of seconds does not say the camera's own hour"),
        ("11 11", ""),
        ("2015:06-01 12:00:00", ""),
        ("2015:13:01 12:00:00", ""),
        ("2015:06:01 24:61:00", ""),
        ("2015-06-01 13:00:00 PM", ""),
        ("0000:00:00 00:00:00", ""),
        ("    :  :     :  :  ", ""),
    ],
)
def test_what_is_doubtful_is_not_read(text, doubt):
    assert (clock.read(text), clock.doubt(text)) == (None, doubt)


def test_universal_time_is_told():
    told = ["2015-06-01T12:00:00Z", "2015-06-01T12:00:00+00:00", "2015:06:01 12:00:00 UTC"]
    assert all(map(clock.says_utc, told))
    assert not any(map(clock.says_utc, ["2015-06-01 12:00:00", "2015-06-01T12:00:00+02:00"]))
