"""The end of a process whose trial hangs."""

import subprocess
import sys

from ablate.results.trial_log import BEGINS
from ablate.runner.actor_deaths import cause_of_death
from ablate.runner.watchdog import Watchdog
from tests.command import ROOT

HANGS = """
import sys, time
from ablate.runner.watchdog import Watchdog
dog = Watchdog(0.5)
with open(sys.argv[1], "a") as log:
    for seconds in (0.0, 1000.0):
        dog.start(log)
        time.sleep(seconds)
        dog.stop()
"""


def test_a_process_that_hangs_ends_and_its_log_says_where(tmp_path):
    log = tmp_path / "log"
    log.write_text(f"a trial {BEGINS}: 1 on here\n")
    done = subprocess.run([sys.executable, "-c", HANGS, str(log)], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 1
    assert 'File "<string>", line 8 in <module>' in log.read_text()
    death = cause_of_death(None, log)
    assert (death.own, "hung" in death.reason, "trial_timeout" in death.reason) == (True, True, True)


def test_the_time_grows_with_the_longest_epoch_unless_it_is_given(tmp_path):
    dog = Watchdog(None)
    with (tmp_path / "log").open("w") as log:
        dog.start(log)
        dog.stop()
        assert dog.seconds() == 24 * 3600  # what was done was no epoch
        dog.start(log)
        dog.learn()
        dog.stop()
    assert (dog.seconds(), dog.seconds(epoch=False)) == (1800, 24 * 3600)
    dog._longest = 200.0
    assert (dog.seconds(), dog.seconds(epoch=False)) == (4000, 24 * 3600)
    assert Watchdog(7.0).seconds() == Watchdog(7.0).seconds(epoch=False) == 7.0
