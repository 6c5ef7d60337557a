"""A store that answers 503 to everything, or nothing at all, for a while; and two drivers on one `out`."""

import os
import signal
import subprocess
import time

import pytest

from tests.faults import proxy
from tests.faults.grid import in_background

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seconds", [20, pytest.param(90, marks=pytest.mark.long)])
def test_a_store_answers_503_for_a_while(grid, pair, out, tmp_path, measured, seconds):
    head, _ = pair.nodes
    grid.pace(0.1)
    with proxy.listening(pair.network.ip, 5000) as front:
        way = {"AWS_ENDPOINT_URL": f"http://{pair.network.ip}:{front.port}"}
        with in_background(grid, out, host=head, log=tmp_path / "log", **way) as driver:
            driver.wait_for_steps(14)
            front.refuse()
            time.sleep(seconds)
            refused = front.accept()
            grid.pace(0)
            assert driver.end() == 0, driver.text
        assert refused
    measured(refused=refused, lost=grid.lost(), said=driver.line("waits for its storage"))
    grid.require_complete(out, head)


@pytest.mark.long
def test_a_store_does_not_answer_for_a_while(grid, pair, out, tmp_path, measured):
    head, _ = pair.nodes
    grid.pace(0.1)
    server = store_process(pair.network.ip)
    with in_background(grid, out, host=head, log=tmp_path / "log") as driver:
        driver.wait_for_steps(14)
        os.kill(server, signal.SIGSTOP)
        try:
            time.sleep(40)
        finally:
            os.kill(server, signal.SIGCONT)
        grid.pace(0)
        assert driver.end() == 0, driver.text
    measured(lost=grid.lost(), said=driver.line("waits for its storage"))
    grid.require_complete(out, head)


def store_process(ip):
    """The process id of the store that the hosts use."""
    found = subprocess.run(["ps", "-ww", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    lines = [line.split(None, 1) for line in found.splitlines()]
    return next(int(pid) for pid, words in lines if f"-m moto.server -H {ip}" in words and "bash" not in words)


@pytest.mark.long
@pytest.mark.parametrize("place", ["folder", "store"])
def test_two_drivers_on_one_out_at_once(grid, pair, out, tmp_path, measured, place):
    head, other = pair.nodes
    one, two = (head, other) if place == "store" else (None, None)
    out = out if place == "store" else tmp_path / "out"
    grid.pace(0.1)
    with (
        in_background(grid, out, host=one, log=tmp_path / "one") as first,
        in_background(grid, out, host=two, log=tmp_path / "two") as second,
    ):
        assert (first.end(), second.end()) == (0, 0), first.text + second.text
    measured(lost=grid.lost())
    grid.require_complete(out, one)
