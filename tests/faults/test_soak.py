"""A hundred trials on three nodes while their processes, and now and then the nodes' raylets, are killed at random."""

import collections
import os
import random
import re
import signal
import time
from dataclasses import dataclass

import pandas as pd
import pytest

from ablate.results import mirror
from ablate.results.reader import read_rows
from tests import nodes
from tests.faults.conftest import reach_store
from tests.faults.grid import STEPS, Grid, in_background, trial_processes
from tests.rows import rows

pytestmark = [pytest.mark.slow, pytest.mark.long]

SEEDS, TRIALS = 25, 100
EVERY = 10.0  # seconds between two rounds of the killer
PACE = 0.25  # seconds that a forward pass waits: a trial of two epochs takes 4 s and more


@dataclass(frozen=True)
class Undisturbed:
    """The same trials on the same nodes, with nobody who kills."""

    grid: Grid
    cluster: nodes.Cluster
    rows: dict[str, pd.DataFrame]
    seconds: float


def finished(out, driver):
    """The rows of a run that has finished all trials."""
    assert driver.end(timeout=3000) == 0, driver.text
    with mirror.folder(out) as copy:
        trials = read_rows(copy, "trials").to_pylist()
        assert collections.Counter(row["status"] for row in trials) == {"done": TRIALS}
        return {table: rows(copy, table) for table in ("images", "epochs")}


def started(grid, cluster, out, log):
    more = (f"seeds={SEEDS}", "trial.epochs=2")
    return in_background(grid, out, *more, host=cluster.nodes[0], log=log)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, prepared):
    patch, folder = pytest.MonkeyPatch(), tmp_path_factory.mktemp("three")
    prepared.reset()
    prepared.pace(PACE)
    with nodes.cluster(folder, 3, s3=True, share=[prepared.folder.parent]) as cluster:
        reach_store(cluster, patch)
        began = time.monotonic()
        with started(prepared, cluster, "s3://bucket/undisturbed", folder / "log") as driver:
            found = finished("s3://bucket/undisturbed", driver)
        yield Undisturbed(prepared, cluster, found, time.monotonic() - began)
    patch.undo()


class Killer:
    """Kills each trial's process with a probability, and the raylets of nodes other than the head with a tenth of it.

    Attributes:
        killed: how often, by what it was.
    """

    def __init__(self, chance: float) -> None:
        self.killed: collections.Counter[str] = collections.Counter(process=0, raylet=0)
        self._chance, self._random = chance, random.Random(0)

    def round(self, cluster: nodes.Cluster) -> None:
        for host in cluster.nodes:
            for pid in trial_processes(host):
                if self._random.random() < self._chance:
                    os.kill(pid, signal.SIGKILL)
                    self.killed["process"] += 1
        for host in cluster.nodes[1:]:
            if self._random.random() < self._chance / 10:
                host.kill_raylet()
                host.start_ray()
                self.killed["raylet"] += 1


@pytest.mark.parametrize(("chance", "most"), [(0.03, 1), (0.3, 4)])
def test_a_hundred_trials_finish_whatever_is_killed(undisturbed, tmp_path, measured, chance, most):
    """`most`: commands; of two kills in a row before an epoch is done a trial is given up, and left to the next one."""
    grid, cluster, out = undisturbed.grid, undisturbed.cluster, f"s3://bucket/soak-{chance}"
    grid.reset()
    grid.pace(PACE)
    killer, began, printed, status = Killer(chance), time.monotonic(), [], 1
    while status == 1 and len(printed) < most:
        with started(grid, cluster, out, tmp_path / f"log{len(printed)}") as driver:
            while driver.process.poll() is None:
                killer.round(cluster)
                until = time.monotonic() + EVERY
                while driver.process.poll() is None and time.monotonic() < until:
                    time.sleep(0.2)
            status = driver.process.returncode
            printed.append(driver.text)
    found = finished(out, driver)
    text = "".join(printed)
    measured(
        chance=chance,
        killed=dict(killer.killed),
        said=dict(collections.Counter(re.findall(r"  (its .*); it is tried again", text))),
        failed=dict(collections.Counter(re.findall(r"  failed: (its .*)", text))),
        commands=len(printed),
        seconds=round(time.monotonic() - began),
        undisturbed=round(undisturbed.seconds),
        lost=grid.steps() / STEPS - 2 * TRIALS,
    )
    assert killer.killed["process"], "nothing was killed"
    for table, wanted in undisturbed.rows.items():
        pd.testing.assert_frame_equal(found[table], wanted)
