"""SIGKILL for a trial's process, a raylet, a node, Ray's head and the driver."""

import os
import signal
import time

import pytest

from tests.faults.grid import KILLED, LOST, in_background, restart, trial_processes

pytestmark = pytest.mark.slow


def test_a_trial_process_is_killed(grid, pair, out, tmp_path, measured):
    head, other = pair.nodes
    grid.pace(0.2)
    with in_background(grid, out, host=head, log=tmp_path / "log") as driver:
        driver.wait_for_steps(6, other)
        killed = trial_processes(other)
        assert killed
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        noticed = driver.seconds_until(KILLED)
        grid.pace(0)
        assert driver.end() == 0, driver.text
    measured(noticed=noticed, lost=grid.lost())
    grid.require_complete(out, head)


def test_a_raylet_is_killed_and_comes_back(grid, pair, out, tmp_path, measured):
    head, other = pair.nodes
    grid.pace(0.2)
    with in_background(grid, out, host=head, log=tmp_path / "log") as driver:
        driver.wait_for_steps(6, other)
        other.kill_raylet()
        noticed = driver.seconds_until(LOST)
        other.start_ray()
        pair.wait_alive(*pair.nodes)
        grid.pace(0)
        assert driver.end() == 0, driver.text
    measured(noticed=noticed, lost=grid.lost(), said=driver.line("tried again"))
    grid.require_complete(out, head)


@pytest.mark.long
def test_a_node_dies_and_returns_and_works_again(grid, pair, out, tmp_path, measured):
    head, other = pair.nodes
    grid.pace(0.2)
    with in_background(grid, out, host=head, log=tmp_path / "log") as driver:
        driver.wait_for_steps(6, other)
        other.kill()
        noticed = driver.seconds_until(LOST)
        other.restart()
        pair.wait_alive(*pair.nodes)
        grid.pace(0)
        assert driver.end() == 0, driver.text
    measured(noticed=noticed, lost=grid.lost(), said=driver.line("tried again"))
    grid.require_complete(out, head)


def test_the_driver_is_killed_and_its_trials_do_no_harm(grid, pair, out, tmp_path, measured):
    head, _ = pair.nodes
    grid.pace(0.2)
    with in_background(grid, out, host=head, log=tmp_path / "log") as driver:
        driver.wait_for_steps(14)
        orphans = {pid for host in pair.nodes for pid in trial_processes(host)}
        driver.kill()
    began = time.monotonic()
    grid.pace(0)
    with in_background(grid, out, host=head, log=tmp_path / "log") as driver:  # at once: they may still be at work
        while orphans & {pid for host in pair.nodes for pid in trial_processes(host)}:
            assert time.monotonic() - began < 120
            time.sleep(0.1)
        gone = round(time.monotonic() - began, 1)
        assert driver.end() == 0, driver.text
    measured(noticed=gone, lost=grid.lost())
    grid.require_complete(out, head)


@pytest.mark.long
def test_rays_head_service_is_killed_and_the_command_to_continue_is_told(grid, pair, out, tmp_path, measured):
    head, _ = pair.nodes
    grid.pace(0.5)
    with in_background(grid, out, host=head, log=tmp_path / "log") as driver:
        driver.wait_for_steps(6)
        pair.kill_gcs()
        noticed = driver.seconds_until("To continue: python -m ablate.run", timeout=200)
        assert driver.end() == 1, driver.text
    assert "Traceback" not in driver.text
    restart(pair)
    grid.pace(0)
    done = grid.run(out, host=head)
    assert done.returncode == 0, done.stdout + done.stderr
    measured(noticed=noticed, lost=grid.lost(), said=driver.line("To continue"))
    grid.require_complete(out, head)


@pytest.mark.long
def test_a_node_is_cut_off_for_half_a_minute_and_goes_on(grid, pair, out, tmp_path, measured):
    head, other = pair.nodes
    grid.pace(0.5)
    with in_background(grid, out, host=head, log=tmp_path / "log") as driver:
        driver.wait_for_steps(6, other)
        other.cut()
        time.sleep(30)
        other.mend()
        grid.pace(0.1)
        assert driver.end() == 0, driver.text
    measured(noticed=driver.line("nothing heard"), tried=driver.line("tried again"), lost=grid.lost())
    grid.require_complete(out, head)
    # Where Ray has given the node up, its raylet has ended itself; `pair` starts it anew for the next test.


@pytest.mark.long
def test_a_node_that_was_declared_dead_while_it_was_cut_off_does_no_harm(grid, quick_pair, out, tmp_path, measured):
    head, other = quick_pair.nodes
    grid.pace(0.5)
    with in_background(grid, out, host=head, log=tmp_path / "log") as driver:
        driver.wait_for_steps(6, other)
        other.cut()
        noticed = driver.seconds_until("tried again")
        other.mend()
        grid.pace(0.1)
        assert driver.end() == 0, driver.text
    measured(noticed=noticed, lost=grid.lost(), said=driver.line("tried again"))
    grid.require_complete(out, head)
