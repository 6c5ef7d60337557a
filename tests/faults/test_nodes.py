"""Nodes that are not what the run expects: other code, another clock, without what trials need."""

import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from pyarrow import fs

from ablate.runner.actor_deaths import BEGINS
from tests import nodes
from tests.command import ROOT
from tests.faults.conftest import reach_store
from tests.faults.grid import KILLED, in_background, trial_processes

pytestmark = pytest.mark.slow


def places(store, out):
    """On which hosts trials ran, by the logs in the store."""
    folder = out.removeprefix("s3://") + "/logs"
    logs = [store.open_input_file(file.path).read().decode() for file in store.get_file_info(fs.FileSelector(folder))]
    return {name for log in logs for name in re.findall(f"{BEGINS}: [0-9]+ on (.*)", log)}


@pytest.mark.long
def test_a_node_with_other_code_runs_the_drivers(grid, out, tmp_path, monkeypatch, measured):
    copy = tmp_path / "copy"
    for package in ("ablate", "datasets", "search_spaces"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "ablate/models/unet.py").write_text("raise ImportError('other code')\n")
    with nodes.cluster(tmp_path, s3=True, share=[grid.folder.parent], code={1: copy}) as cluster:
        reach_store(cluster, monkeypatch)
        head, other = cluster.nodes
        assert "other code" in other.run("python", "-c", "import ablate.models.unet", cwd=ROOT).stderr
        done = grid.run(out, host=head)
        assert done.returncode == 0, done.stdout + done.stderr
        assert places(cluster.s3, out) == {"node0", "node1"}
        measured(lost=grid.lost())
        grid.require_complete(out, head)


@pytest.mark.long
@pytest.mark.parametrize("lacks", ["out", "data"])
def test_a_node_that_joins_later_without_what_trials_need_gets_no_more_of_them(grid, tmp_path, measured, lacks):
    shared, data = tmp_path / "shared", tmp_path / "data"
    shared.mkdir()
    shutil.copytree(grid.data, data)
    with nodes.cluster(tmp_path, 3, share=[grid.folder.parent, shared, data]) as cluster:
        head, other, third = cluster.nodes
        third.kill()
        cluster.wait_alive(head, other)
        grid.fault('while not (FOLDER / "joined").exists(): time.sleep(0.1)')  # the other two trials wait for a place
        out = shared / "out"
        with in_background(grid, out, host=head, data=data, log=tmp_path / "log") as driver:
            driver.wait_for_steps(2)
            third.boot()
            assert third.run("umount", shared if lacks == "out" else data).returncode == 0
            third.start_ray()
            cluster.wait_alive(*cluster.nodes)
            noticed = driver.seconds_until("no more trials on this node: .*")
            (grid.folder / "joined").touch()
            assert driver.end() == 0, driver.text
        measured(noticed=noticed, lost=grid.lost(), said=driver.line("no more trials"))
        grid.require_complete(out, head, data=data)


@pytest.fixture
def faketime():
    """The library that gives a process other clocks; the monotonic one is off by as much, so that nothing may jump."""
    libraries = [*Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
    if not libraries:
        refuse = pytest.fail if os.environ.get("ABLATE_TEST_ALL") else pytest.skip
        refuse("needs libfaketime: apt-get install faketime")
    return libraries[0]


@pytest.mark.long
@pytest.mark.parametrize("hour", [1, -1], ids=["ahead", "behind"])
def test_a_nodes_clock_is_an_hour_off(grid, faketime, out, tmp_path, monkeypatch, measured, hour):
    with nodes.cluster(tmp_path, s3=True, share=[grid.folder.parent]) as cluster:
        reach_store(cluster, monkeypatch)
        head, other = cluster.nodes
        other._environment = other._environment | {"LD_PRELOAD": str(faketime), "FAKETIME": f"{3600 * hour:+d}"}
        other.restart()
        cluster.wait_alive(head, other)
        apart = [float(node.run("date", "+%s").stdout) for node in (other, head)]
        assert 3500 < hour * (apart[0] - apart[1]) < 3700
        grid.pace(0.2)
        with in_background(grid, out, host=head, log=tmp_path / "log") as driver:
            driver.wait_for_steps(6, other)
            for pid in trial_processes(other):  # which continue from checkpoints that another clock has dated
                os.kill(pid, signal.SIGKILL)
            driver.wait_for(KILLED)
            grid.pace(0)
            assert driver.end() == 0, driver.text
        measured(lost=grid.lost())
        grid.require_complete(out, head)
