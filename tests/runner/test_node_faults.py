"""What a node is blamed for."""

import errno

import pytest

from ablate.errors import UsageError
from ablate.runner.node_faults import blaming_node, is_of_disk
from ablate.runner.results_token import UnfitNodeError
from ablate.storage import NoRoomError, UnreachableError


def test_a_full_disk_is_the_nodes_unless_all_nodes_write_there(tmp_path):
    for path, of_node in (("/var/cache/x", True), (str(tmp_path / "weights" / "x"), False), (None, True)):
        assert is_of_disk(OSError(errno.ENOSPC, "No space left on device", path), tmp_path) is of_node
    assert is_of_disk(NoRoomError("the cache has no room"), tmp_path)
    assert not is_of_disk(OSError(errno.EACCES, "Permission denied", "/var/cache/x"), tmp_path)


def test_what_is_missing_on_a_node_is_its_fault_where_there_are_others():
    with pytest.raises(UnfitNodeError, match=r"^no GPU \(on "), blaming_node(alone=False):
        raise UsageError("no GPU")
    with pytest.raises(UsageError, match=r"^no GPU$"), blaming_node(alone=True):
        raise UsageError("no GPU")
    with pytest.raises(UnreachableError), blaming_node(alone=False):
        raise UnreachableError("the store does not answer")
