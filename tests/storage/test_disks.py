"""Disks that are full, and file systems that lack something: told by the place, whichever library hides it."""

import errno
import fcntl
import resource
import subprocess
import sys

import pytest

from ablate.errors import UsageError
from ablate.storage import node_cache
from ablate.storage.locks import Lock
from tests.command import ROOT

WRITE = """
import sys
from pathlib import Path
import safetensors.torch, torch
from ablate.data import decoding
from ablate.storage import publishing

tensor, path = torch.zeros(1_000_000), Path(sys.argv[1])
try:
    with publishing(path) as partial:
        {write}
except OSError as error:
    print(error.filename == str(path), error.strerror)
print([*path.parent.iterdir()])
"""
LIMIT = 1_000_000


@pytest.mark.parametrize(
    "write",
    [
        'torch.save({"a": tensor}, partial)',
        'safetensors.torch.save_file({"a": tensor}, partial)',
        "partial.write_bytes(bytes(4_000_000))",
        "decoding._array(partial, (4_000_000,))",  # written later it would end the process
    ],
)
def test_what_cannot_be_written_is_told_by_its_path_and_leaves_nothing(tmp_path, write):
    """A limit of the file's size stands for a full disk: the system refuses in the same way."""
    command = [sys.executable, "-c", WRITE.format(write=write), str(tmp_path / "file")]
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))  # noqa: E731
    done = subprocess.run(command, cwd=ROOT, preexec_fn=limit, capture_output=True, text=True, check=False)
    assert done.stdout == "True File too large\n[]\n", done.stderr


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_a_line_with_what_to_type(tmp_path, monkeypatch, code):
    def refused(file, operation):
        raise OSError(code, "refused")

    monkeypatch.setattr(fcntl, "flock", refused)
    with (
        Lock(tmp_path / "lock", "move it") as lock,
        pytest.raises(UsageError, match=r"has no locks \(flock: .*\); move it"),
    ):
        lock.exclusive()
    with pytest.raises(UsageError, match=r"has no locks .*; set ABLATE_CACHE to a folder of a local disk"):
        node_cache.hold("decoded", "x", lambda: 1, lambda folder: None, "mark")


def test_a_lock_that_another_holds_is_no_lack_of_locks(tmp_path):
    with Lock(tmp_path / "lock", "") as mine, Lock(tmp_path / "lock", "") as other:
        assert mine.exclusive()
        assert not other.exclusive(wait=False)
