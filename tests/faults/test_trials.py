"""Trials that hang, diverge, fail, or take too much memory: once, or always. The others go on."""

import re
from pathlib import Path

import pytest

from tests.faults.grid import in_background

pytestmark = pytest.mark.slow

DONE = r"steady-(crop|i2i)-jitter-s0  done"


def reasons(driver):
    """Why trials failed, by their names."""
    return dict(re.findall(r"\] (\S+)  failed: (.*)", driver.text))


def test_a_trial_that_hangs_once_is_tried_again(grid, tmp_path, measured):
    out = tmp_path / "out"
    grid.fault('if network.training and first("hung"): time.sleep(1e6)')
    with in_background(grid, out, "trial_timeout=20", log=tmp_path / "log") as driver:
        grid.wait_until("hung")
        noticed = driver.seconds_until("its process hung, and was ended after trial_timeout=.*; it is tried again")
        assert driver.end() == 0, driver.text
    measured(noticed=noticed, lost=grid.lost())
    grid.require_complete(out)


@pytest.mark.long
def test_trials_that_always_hang_fail_and_the_others_go_on(grid, tmp_path, measured):
    out = tmp_path / "out"
    grid.fault("if network.training: time.sleep(1e6)")
    with in_background(grid, out, "trial_timeout=15", log=tmp_path / "log") as driver:
        assert driver.end() == 1, driver.text
    assert len(re.findall(DONE, driver.text)) == 2
    assert reasons(driver).keys() == {"prone-crop-jitter-s0", "prone-i2i-jitter-s0"}
    assert all("its process hung" in reason for reason in reasons(driver).values())
    grid.fault(None)
    assert grid.run(out).returncode == 0
    measured(lost=grid.lost(), said=driver.line("failed: its process hung"))
    grid.require_complete(out)


def test_a_loss_that_is_not_finite_is_not_tried_again(grid, tmp_path, measured):
    out = tmp_path / "out"
    grid.fault("if network.training: next(network.parameters()).data.fill_(float('nan'))")
    with in_background(grid, out, log=tmp_path / "log") as driver:
        assert driver.end() == 1, driver.text
    assert len(re.findall(DONE, driver.text)) == 2
    assert len(reasons(driver)) == 2
    assert all("NonFiniteLossError" in reason for reason in reasons(driver).values())
    attempts = [log.read_text().count("NonFiniteLossError:") for log in (out / "logs").glob("*.log")]
    assert sorted(attempts) == [0, 0, 1, 1]
    grid.fault(None)
    assert grid.run(out).returncode == 0
    measured(lost=grid.lost(), said=driver.line("NonFiniteLossError"))
    grid.require_complete(out)


def test_trials_that_always_fail_are_given_up_and_named_with_their_logs(grid, tmp_path, measured):
    out = tmp_path / "out"
    grid.fault("raise ValueError('no such pixel')")
    with in_background(grid, out, "max_failures=2", log=tmp_path / "log") as driver:
        assert driver.end() == 1, driver.text
    assert len(re.findall(DONE, driver.text)) == 2
    assert reasons(driver) == dict.fromkeys(
        ("prone-crop-jitter-s0", "prone-i2i-jitter-s0"), "ValueError: no such pixel"
    )
    logs = re.findall(r"^failed: prone-\S+, see (.*)$", driver.text, re.MULTILINE)
    assert [Path(log).read_text().count("ValueError: no such pixel") for log in logs] == [3, 3]
    grid.fault(None)
    assert grid.run(out).returncode == 0
    measured(lost=grid.lost())
    grid.require_complete(out)


@pytest.mark.long
def test_a_trial_that_fails_now_and_then_is_tried_again(grid, tmp_path, measured):
    out = tmp_path / "out"
    grid.fault("""
        if network.training and (FOLDER / "steps").read_text().count("\\n") > 6:
            if first("once") or first("twice"):
                raise OSError("the disk was busy")
    """)
    with in_background(grid, out, log=tmp_path / "log") as driver:
        assert driver.end() == 0, driver.text
    assert (grid.folder / "twice").exists()
    measured(lost=grid.lost())
    grid.require_complete(out)


@pytest.mark.long
def test_a_trial_that_takes_too_much_memory_once_is_tried_again(grid, tmp_path, measured, used_memory, monkeypatch):
    out = tmp_path / "out"
    grid.fault("""
        if network.training and first("eaten"):
            kept = []
            for _ in range(400):
                kept.append(b"x" * (40 * 2**20))
                time.sleep(0.05)
    """)
    monkeypatch.setenv("RAY_memory_usage_threshold", f"{used_memory + 0.25:.3f}")
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "100")
    with in_background(grid, out, log=tmp_path / "log") as driver:
        grid.wait_until("eaten")
        noticed = driver.seconds_until("killed: out of memory.*; it is tried again")
        assert driver.end() == 0, driver.text
    measured(noticed=noticed, lost=grid.lost())
    grid.require_complete(out)
