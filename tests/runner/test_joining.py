"""Addresses of clusters."""

import pytest

from ablate.errors import UsageError
from ablate.runner import joining


def test_a_host_and_a_port_are_read_in_both_forms_of_the_internet_protocol():
    assert joining.host_and_port("10.0.0.1:6379") == ("10.0.0.1", 6379)
    assert joining.host_and_port("[fd00::1]:6379") == ("fd00::1", 6379)
    for no_place in ("10.0.0.1", "head:port", ":6379"):
        assert joining.host_and_port(no_place) is None


def test_an_address_that_is_none_is_refused_at_once():
    with pytest.raises(UsageError, match=r"ray.address=head:many: give auto, or HOST:PORT, such as"):
        joining.reach("head:many")
