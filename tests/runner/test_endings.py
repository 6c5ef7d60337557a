"""How runs end that do not come to their end, through Ray: in order, with every row that there is, and in few lines."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from ablate.results.reader import read_rows
from ablate.runner.actor_deaths import UNKNOWN
from tests.command import run, start
from tests.rows import rows

pytestmark = pytest.mark.slow

SPACE = """
{imports}
from ablate.spaces.space import product

def space():
    return product(model={models}, arm=["crop"], augment={augments}){more}
"""
GRID = 'product(model=["{a}", "unet"], arm=["crop"], augment=["{b}"])'  # a path is a value like any other
SOUND = {"net-crop-nothing-s0", "unet-crop-nothing-s0"}
# Each ends its process in a way of its own, wherever it is built.
DEADLY = {
    "crashes": "ctypes.string_at(0)",
    "leaves": "sys.exit(5)",
    "killed": "os.kill(os.getpid(), 9)",
}
TELLS = """
import ablate
raise RuntimeError(f"{sys.executable} {ablate.__file__}")
"""
NOISE = ("Traceback", "(raylet)", "*** SIG", "ERROR")


def write_space(folder, models=("unet",), augments=("none",), imports="", more=""):
    path = folder / "ends.py"
    known = {"models": list(map(str, models)), "augments": list(augments)}
    path.write_text(SPACE.format(**known, imports=imports, more=more))
    return path


def network(folder, name, body):
    """A U-Net whose `build` does something else as well."""
    lines = textwrap.indent(textwrap.dedent(body), "    ")
    path = folder / f"{name}.py"
    imports = "import ctypes, os, sys, time\nfrom pathlib import Path\nfrom ablate.models import unet\n"
    begin = "def build(*, width):\n    network = unet.build(width=width)"
    path.write_text(f"{imports}\n{begin}\n{lines}\n    return network\n")
    return path


def reasons(out):
    return {row["name"]: row["reason"] for row in read_rows(out, "trials").to_pylist()}


def quiet(text):
    return not [word for word in NOISE if word in text]


def test_asked_to_end_while_trials_wait_it_ends_in_order(tiny_root, tmp_path):
    arguments = [f"space={write_space(tmp_path, augments=('none', 'jitter'))}", f"data={tiny_root}"]
    arguments += [f"out={tmp_path / 'out'}", "seeds=3", "trial.epochs=60", "max_concurrent=1"]
    process = start("ablate.run", *arguments, log=tmp_path / "log")
    wait_for_a_start(process, tmp_path / "log")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 130
    text = (tmp_path / "log").read_text()
    assert quiet(text), text
    assert text.splitlines()[-1].startswith("[0/6] interrupted; what is finished is kept. To continue: python -m ")
    assert " ".join(arguments) in text.splitlines()[-1]


def test_a_process_that_a_trial_has_spoiled_trains_no_other(tiny_root, tmp_path):
    spoils = network(
        tmp_path, "net", "raise __import__('ablate.training.step').training.step.RecordingError('it waits')"
    )
    space = write_space(tmp_path, models=(spoils, "unet"))
    out = tmp_path / "out"
    done = run("ablate.run", f"space={space}", f"data={tiny_root}", f"out={out}", "max_concurrent=1")
    assert reasons(out) == {"net-crop-s0": "RecordingError: it waits", "unet-crop-s0": None}
    assert "unet-crop-s0  the trial before has left" in done.stdout
    assert quiet(done.stdout), done.stdout


def wait_for_a_start(process, log):
    while "  started" not in log.read_text():
        assert process.poll() is None
        time.sleep(0.05)


def test_asked_at_random_moments_it_leaves_the_rows_of_an_undisturbed_run(tiny_root, tmp_path):
    chance = random.Random(1)
    space = write_space(tmp_path, augments=("none", "jitter"))
    arguments = [f"space={space}", f"data={tiny_root}", "trial.epochs=8"]
    assert run("ablate.run", *arguments, f"out={tmp_path / 'undisturbed'}").returncode == 0
    asked = (signal.SIGINT, signal.SIGTERM, signal.SIGINT)
    for number, moment in zip(asked, chance.sample((2, 7, 12), 3), strict=True):
        process = start("ablate.run", *arguments, f"out={tmp_path / 'out'}", log=tmp_path / "log")
        # In every part of a run, on a machine of whatever speed: some, or all.
        time.sleep(moment + chance.uniform(-1.5, 2.5))
        over = process.poll() is not None
        process.send_signal(number)
        assert process.wait(timeout=60) in ({0} if over else {130, 0})
        assert quiet((tmp_path / "log").read_text())
    assert run("ablate.run", *arguments, f"out={tmp_path / 'out'}").returncode == 0
    for kind in ("images", "epochs"):
        assert rows(tmp_path / "out", kind).equals(rows(tmp_path / "undisturbed", kind))


@dataclass(frozen=True)
class Failed:
    """A run in which most trials fail, each in a way of its own."""

    out: Path
    text: str
    status: int
    locked: str  # the trial whose log is a folder

    def log(self, name):
        (trial,) = (row["trial"] for row in read_rows(self.out, "trials").to_pylist() if row["name"] == name)
        return (self.out / "logs" / f"{trial}.log").read_text()


@pytest.fixture(scope="module")
def failed(tiny_root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("failed")
    out, augment = folder / "out", folder / "nothing.py"
    failing = [network(folder, name, body) for name, body in DEADLY.items()]
    failing += [network(folder, "raises", TELLS), network(folder, "locked", "pass")]
    augment.write_text("from ablate.augment import none\n\n\ndef build():\n    return none.build()\n")
    paths = GRID.format(a=network(folder, "net", "pass"), b=augment)
    # Imports Ray, as spaces that search do, before the run itself does.
    space = write_space(folder, failing, imports="from ray import tune", more=f" + {paths}")
    arguments = [f"space={space}", f"data={tiny_root}", f"out={out}", "trial.epochs=1", "max_failures=1"]
    plan = run("ablate.run", *arguments, "dry_run=true").stdout
    locked = next(line.split()[-1] for line in plan.splitlines() if "missing locked" in line)
    (out / "logs" / f"{locked}.log").mkdir(parents=True)  # as unwritable as another user's, for any user
    done = run("ablate.run", *arguments)
    return Failed(out, done.stdout + done.stderr, done.returncode, locked)


def test_trials_that_fail_are_lines_and_the_others_go_on(failed):
    assert failed.status == 1
    assert quiet(failed.text), failed.text
    found = reasons(failed.out)
    assert {name for name, reason in found.items() if reason is None} == SOUND
    for name in set(found) - SOUND:
        assert f"failed: {name}, see {failed.out}/logs/" in failed.text


def test_processes_that_die_are_tried_again_and_say_how_they_died(failed):
    found = reasons(failed.out)
    twice = ", again and with nothing achieved in between"
    assert found["crashes-crop-s0"] == f"its process crashed: Segmentation fault{twice}"
    assert found["leaves-crop-s0"] == f"its process ended itself with exit code 5{twice}"
    assert found["killed-crop-s0"] == f"its process was killed{twice}"
    for name in DEADLY:  # that it started, and each death
        deaths = UNKNOWN if name == "killed" else 2  # who has killed it nobody knows
        told = sum(line.startswith("[") and f"{name}-crop-s0  " in line for line in failed.text.splitlines())
        assert told == 1 + deaths
    assert "crashes.py" in failed.log("crashes-crop-s0")  # where it crashed
    assert "The actor died unexpectedly" in failed.log("killed-crop-s0")  # what Ray had to say


def test_an_exception_is_tried_again_as_often_as_max_failures_says_by_this_python_and_this_package(failed):
    import ablate

    reason = f"RuntimeError: {sys.executable} {ablate.__file__}"
    assert reasons(failed.out)["raises-crop-s0"] == reason
    assert failed.log("raises-crop-s0").count(reason) == 2


def test_a_log_that_cannot_be_written_is_a_failed_row(failed):
    said = f"IsADirectoryError: [Errno 21] Is a directory: '{failed.out / 'logs' / failed.locked}.log'"
    assert reasons(failed.out)["locked-crop-s0"] == said


def test_a_trial_that_takes_too_much_memory_is_a_failed_row_and_the_others_go_on(tiny_root, tmp_path):
    eats = """
    kept = []
    for _ in range(400):
        kept.append(b"x" * (40 * 2**20))
        time.sleep(0.05)
    """
    space, out = write_space(tmp_path, [network(tmp_path, "greedy", eats), "unet"]), tmp_path / "out"
    threshold = {"RAY_memory_usage_threshold": f"{used() + 0.25:.3f}", "RAY_memory_monitor_refresh_ms": "100"}
    arguments = [f"space={space}", f"data={tiny_root}", f"out={out}", "trial.epochs=20"]
    done = run("ablate.run", *arguments, **threshold)
    assert done.returncode == 1
    assert quiet(done.stdout + done.stderr), done.stdout + done.stderr
    assert reasons(out)["greedy-crop-s0"].startswith("killed: out of memory; lower max_concurrent=")
    assert reasons(out)["unet-crop-s0"] is None


def used():
    """The share of this machine's memory that is taken."""
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    sizes = {name: int(size) for name, size, *_ in lines}
    return 1 - sizes["MemAvailable:"] / sizes["MemTotal:"]


def test_a_ray_that_has_died_ends_the_run_and_the_way_to_go_on_is_told(tiny_root, tmp_path):
    log = tmp_path / "log"
    arguments = [f"space={write_space(tmp_path)}", f"data={tiny_root}", f"out={tmp_path / 'out'}", "trial.epochs=200"]
    process = start("ablate.run", *arguments, log=log)
    wait_for_a_start(process, log)
    os.kill(child(process.pid, "raylet/raylet"), signal.SIGKILL)
    assert process.wait(timeout=60) == 1
    text = log.read_text()
    assert "Ray has given up: RuntimeError: its process raylet has died" in text
    assert "To continue: python -m ablate.run" in text
    assert quiet(text), text


def child(parent, word):
    """The process that another has started, by a word of its command."""
    lines = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    found = [line.split(None, 2) for line in lines.splitlines()]
    return next(int(pid) for pid, ppid, command in found if int(ppid) == parent and word in command)
