"""A full disk: under `out`, a node's cache, or Ray's temporary files; files that were left half-written."""

import re

import pytest

from tests import hosts
from tests.command import ROOT
from tests.faults.grid import TRIALS, Driver, in_background

pytestmark = pytest.mark.slow


@pytest.fixture
def host(tmp_path, prepared):
    """A host without Ray, on which disks can be mounted."""
    network, names = hosts.Network(), tmp_path / "names"
    names.write_text("127.0.0.1 localhost\n")
    variables = hosts.ENVIRONMENT | {"OMP_NUM_THREADS": "1"}
    with network.up():
        made = hosts.Host(network, 0, tmp_path / "host", names, variables, share=[prepared.folder.parent])
        made.boot()
        yield made
        made.kill()


def mount(host, folder, size):
    done = host.run("bash", "-c", f"mkdir -p {folder} && mount -t tmpfs -o size={size} none {folder}")
    assert done.returncode == 0, done.stderr


def fill(host, folder):
    assert "No space left" in host.run("bash", "-c", f"cat /dev/zero > {folder}/filler").stderr


def free(host, folder):
    assert host.run("rm", f"{folder}/filler").returncode == 0


@pytest.mark.parametrize(("folder", "size"), [("/root/out", "64m"), ("/root/ray", "300m")], ids=["out", "Rays"])
def test_a_disk_fills_up_while_trials_run(grid, host, tmp_path, measured, folder, size):
    mount(host, folder, size)
    rays = "/root/ray" if folder == "/root/ray" else "/tmp"
    words = ["env", f"RAY_TMPDIR={rays}", "python", "-m", "ablate.run", *grid.arguments("/root/out")]
    grid.pace(0.2)
    driver = Driver(grid, host.start(*words, cwd=ROOT, log=tmp_path / "log"), tmp_path / "log")
    driver.wait_for_steps(6)
    fill(host, folder)
    grid.pace(0)
    status = driver.end()
    free(host, folder)
    assert "Traceback" not in driver.text
    again = host.run(*words, cwd=ROOT)
    assert again.returncode == 0, again.stdout + again.stderr
    measured(status=status, said=driver.line("No space left"), lost=grid.lost())
    assert f"{TRIALS} trials, {TRIALS} done, 0 to run" in host.run(*words, cwd=ROOT).stdout
    assert host.run("cp", "-r", "/root/out", "/root/copy").returncode == 0  # what is mounted there is seen there alone
    grid.require_undisturbed(host.path("/root/copy"))


@pytest.mark.long
def test_a_nodes_cache_fills_up_while_trials_run(grid, pair, out, tmp_path, measured):
    head, other = pair.nodes
    mount(other, "/root/.cache", "64m")
    grid.pace(0.2)
    with in_background(grid, out, host=head, log=tmp_path / "log") as driver:
        driver.wait_for_steps(10)
        fill(other, "/root/.cache")
        grid.pace(0)
        status = driver.end()
    free(other, "/root/.cache")
    again = grid.run(out, host=head)
    assert again.returncode == 0, again.stdout + again.stderr
    measured(status=status, said=driver.line("No space left"), lost=grid.lost())
    grid.require_complete(out, head)
    assert other.run("umount", "--lazy", "/root/.cache").returncode == 0


@pytest.mark.parametrize("whole", [False, True], ids=["half", "whole beside a partial one"])
def test_a_checkpoint_was_left_half_written(grid, tmp_path, measured, whole):
    out = tmp_path / "out"
    grid.pace(0.2)
    with in_background(grid, out, log=tmp_path / "log") as driver:
        driver.wait_for_steps(18)
        driver.kill()
    grid.wait_until_still()  # its trials outlive it by a second or two
    grid.pace(0)
    found = [*(out / "checkpoints").glob("*.ckpt")]
    assert found
    for path in found:
        data = path.read_bytes()
        path.with_name(f".{path.name}.0123abcd.partial").write_bytes(data[: len(data) // 2])
        if not whole:
            path.write_bytes(data[: len(data) // 2])
    done = grid.run(out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert bool(re.search("continues after epoch", done.stdout)) == whole, done.stdout
    measured(lost=grid.lost())
    grid.require_complete(out)
