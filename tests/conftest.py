"""Fixtures that several suites share."""

import os

# Before torch is imported: on a machine that is busy, two threads that wait for each other take far longer than one.
os.environ["OMP_NUM_THREADS"] = "1"

import hypothesis
import pytest
import torch

from ablate.runner.cores import usable_cores
from tests import tiny_data

pytest_plugins = ["tests.stores"]

# An example that waits for a busy machine is no failure.
hypothesis.settings.register_profile("ablate", deadline=None)
hypothesis.settings.load_profile("ablate")


def pytest_xdist_auto_num_workers(config):
    """A process a core; of slow tests two at once, since they use all cores themselves, but not all of the time."""
    return min(usable_cores(), 2 if config.option.markexpr == "slow" else 8)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Tests neither read nor fill the user's cache; all processes of one run of the tests share theirs."""
    base = tmp_path_factory.getbasetemp()
    patch = pytest.MonkeyPatch()
    patch.setenv("ABLATE_CACHE", str((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def tiny_root(tmp_path_factory):
    """A data root that nobody writes to."""
    return tiny_data.write(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(autouse=True)
def torch_as_it_was():
    """A trial sets up its process as it likes; a test that runs one in this process leaves nothing of that behind."""
    threads = torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(threads)
