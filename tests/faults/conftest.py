"""A grid, its undisturbed rows, and two hosts that share its folder, the data and an object store."""

import json
import os
from pathlib import Path

import pytest

from tests import nodes, tiny_data
from tests.faults.grid import EPOCHS, STEPS, TRIALS, Grid, restart
from tests.rows import rows


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """The grid, after a run that nothing disturbed, on this machine alone."""
    folder = tmp_path_factory.mktemp("grid")
    data, here = tiny_data.write(folder / "data"), folder / "looked_into"
    here.mkdir()
    grid = Grid(here, data)
    done = grid.run(folder / "undisturbed")
    assert done.returncode == 0, done.stdout + done.stderr
    assert grid.steps() == TRIALS * EPOCHS * STEPS
    grid.rows |= {table: rows(folder / "undisturbed", table) for table in ("images", "epochs")}
    return grid


@pytest.fixture
def grid(prepared):
    prepared.reset()
    return prepared


@pytest.fixture(scope="session")
def two(tmp_path_factory, prepared):
    with nodes.cluster(tmp_path_factory.mktemp("two"), s3=True, share=[prepared.folder.parent]) as cluster:
        yield cluster


@pytest.fixture
def pair(two, monkeypatch):
    """Both hosts, alive and with Ray; the tests' own process reaches their store too."""
    reach_store(two, monkeypatch)
    try:
        two.wait_alive(*two.nodes, timeout=30)
    except AssertionError:  # a test has failed and left them as they were
        restart(two)
    return two


@pytest.fixture
def quick_pair(tmp_path, prepared, monkeypatch):
    """Two other hosts, of which Ray soon holds one for dead that says nothing."""
    share = [prepared.folder.parent]
    with nodes.cluster(tmp_path, s3=True, share=share, environment=nodes.QUICK) as cluster:
        reach_store(cluster, monkeypatch)
        yield cluster


def reach_store(cluster, monkeypatch):
    for name, value in cluster.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)


@pytest.fixture
def out(request):
    """A place in the store of its own for each test."""
    return f"s3://bucket/{request.node.name.translate(str.maketrans('[]/ ', '----'))}"


@pytest.fixture
def measured(request):
    """Takes what a test has measured; it is printed, and added to the file that ABLATE_FAULTS names."""

    def take(**values):
        line = json.dumps({"test": request.node.name} | values)
        print(line)
        if "ABLATE_FAULTS" in os.environ:
            with Path(os.environ["ABLATE_FAULTS"]).open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")

    return take


@pytest.fixture
def used_memory():
    """The share of this machine's memory that is taken."""
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    sizes = {name: int(size) for name, size, *_ in lines}
    return 1 - sizes["MemAvailable:"] / sizes["MemTotal:"]
