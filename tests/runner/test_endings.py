"""How runs end that do not come to their end, through Ray: in order, with every row that there is, and in few lines."""

import os
import random
import signal
import subprocess
import textwrap
import time
from pathlib import Path

import pytest

from ablate.results.reader import read_rows
from tests.command import run, start
from tests.rows import rows

pytestmark = pytest.mark.slow

SPACE = """
from ablate.spaces.space import product

def space():
    return product(model={models}, arm=["crop"], augment={augments})
"""
# Each ends its process in a way of its own, wherever it is built.
DEADLY = {
    "exits": "os._exit(3)",
    "crashes": "ctypes.string_at(0)",
    "leaves": "sys.exit(5)",
    "killed": "os.kill(os.getpid(), 9)",
}
NOISE = ("Traceback", "(raylet)", "*** SIG", "ERROR")


def write_space(folder, models=("unet",), augments=("none",)):
    path = folder / "ends.py"
    path.write_text(SPACE.format(models=list(map(str, models)), augments=list(augments)))
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
    for number in (signal.SIGINT, signal.SIGTERM):
        process = start("ablate.run", *arguments, log=tmp_path / "log")
        while "  started" not in (tmp_path / "log").read_text():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(timeout=60) == 130
        text = (tmp_path / "log").read_text()
        assert quiet(text), text
        assert text.splitlines()[-1].startswith("[0/6] interrupted; what is finished is kept. To continue: python -m ")
        assert " ".join(arguments) in text.splitlines()[-1]


def test_asked_at_random_moments_it_leaves_the_rows_of_an_undisturbed_run(tiny_root, tmp_path):
    chance = random.Random(1)
    space = write_space(tmp_path, augments=("none", "jitter"))
    arguments = [f"space={space}", f"data={tiny_root}", "trial.epochs=8"]
    assert run("ablate.run", *arguments, f"out={tmp_path / 'undisturbed'}").returncode == 0
    for _ in range(6):
        process = start("ablate.run", *arguments, f"out={tmp_path / 'out'}", log=tmp_path / "log")
        time.sleep(chance.uniform(0.5, 14))  # in every part of a run, on a machine of whatever speed: some, or all
        over = process.poll() is not None
        process.send_signal(chance.choice([signal.SIGINT, signal.SIGTERM]))
        assert process.wait(timeout=60) in ({0} if over else {130, 0})
        assert quiet((tmp_path / "log").read_text())
    assert run("ablate.run", *arguments, f"out={tmp_path / 'out'}").returncode == 0
    for kind in ("images", "epochs"):
        assert rows(tmp_path / "out", kind).equals(rows(tmp_path / "undisturbed", kind))


def test_processes_that_die_are_lines_and_failed_rows_and_the_others_go_on(tiny_root, tmp_path):
    deadly = [network(tmp_path, name, body) for name, body in DEADLY.items()]
    space, out = write_space(tmp_path, [*deadly, "unet"]), tmp_path / "out"
    done = run("ablate.run", f"space={space}", f"data={tiny_root}", f"out={out}", timeout=400)
    assert done.returncode == 1
    text = done.stdout + done.stderr
    assert quiet(text), text
    found = reasons(out)
    twice = ", again and with nothing achieved in between"
    assert found["crashes-crop-s0"] == f"its process crashed: Segmentation fault{twice}"
    assert found["leaves-crop-s0"] == f"its process ended itself with exit code 5{twice}"
    assert found["killed-crop-s0"] == found["exits-crop-s0"] == f"its process was killed{twice}"
    assert found["unet-crop-s0"] is None
    for name in DEADLY:  # that it started, died, and died again
        assert sum(line.startswith("[") and f"{name}-crop-s0  " in line for line in text.splitlines()) == 3
    logs = "".join(path.read_text() for path in (out / "logs").glob("*.log"))
    assert "crashes.py" in logs  # where it crashed
    assert "The actor died unexpectedly" in logs  # what Ray had to say


def test_a_log_that_cannot_be_written_is_a_failed_row(tiny_root, tmp_path):
    out = tmp_path / "out"
    (out / "logs").mkdir(parents=True)
    space = write_space(tmp_path)
    arguments = [f"space={space}", f"data={tiny_root}", f"out={out}"]
    plan = run("ablate.run", *arguments, "dry_run=true").stdout
    trial = next(line.split()[-1] for line in plan.splitlines() if "missing unet" in line)
    (out / "logs" / f"{trial}.log").mkdir()  # as unwritable as another user's, for any user
    done = run("ablate.run", *arguments)
    assert done.returncode == 1
    assert quiet(done.stdout + done.stderr)
    (reason,) = reasons(out).values()
    assert reason == f"IsADirectoryError: [Errno 21] Is a directory: '{out / 'logs' / trial}.log'"


def test_a_trial_that_takes_too_much_memory_is_a_failed_row_and_the_others_go_on(tiny_root, tmp_path):
    eats = """
    kept = []
    for _ in range(400):
        kept.append(b"x" * (20 * 2**20))
        time.sleep(0.05)
    """
    space, out = write_space(tmp_path, [network(tmp_path, "greedy", eats), "unet"]), tmp_path / "out"
    threshold = {"RAY_memory_usage_threshold": f"{used() + 0.15:.3f}", "RAY_memory_monitor_refresh_ms": "100"}
    arguments = [f"space={space}", f"data={tiny_root}", f"out={out}", "trial.epochs=20"]
    done = run("ablate.run", *arguments, timeout=400, **threshold)
    assert done.returncode == 1
    assert quiet(done.stdout + done.stderr), done.stdout + done.stderr
    assert reasons(out)["greedy-crop-s0"].startswith("killed: out of memory; lower max_concurrent=")
    assert reasons(out)["unet-crop-s0"] is None


def used():
    """The share of this machine's memory that is taken."""
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    sizes = {name: int(size) for name, size, *_ in lines}
    return 1 - sizes["MemAvailable:"] / sizes["MemTotal:"]


def test_a_path_as_a_value_of_a_grid_is_a_value_like_any_other(tiny_root, tmp_path):
    grid = 'product(model=["{a}", "unet"], arm=["crop"], augment=["none", "{b}"])'
    augment = tmp_path / "nothing.py"
    augment.write_text("from ablate.augment import none\n\n\ndef build():\n    return none.build()\n")
    (tmp_path / "space.py").write_text(
        "from ablate.spaces.space import product\n\ndef space():\n    return "
        + grid.format(a=network(tmp_path, "net", "pass"), b=augment)
    )
    out = tmp_path / "out"
    done = run("ablate.run", f"space={tmp_path / 'space.py'}", f"data={tiny_root}", f"out={out}", "trial.epochs=1")
    assert done.returncode == 0, done.stdout + done.stderr
    expected = {"net-crop-s0", "net-crop-nothing-s0", "unet-crop-s0", "unet-crop-nothing-s0"}
    assert set(reasons(out)) == expected


def test_a_ray_that_has_died_ends_the_run_and_the_way_to_go_on_is_told(tiny_root, tmp_path):
    log = tmp_path / "log"
    arguments = [f"space={write_space(tmp_path)}", f"data={tiny_root}", f"out={tmp_path / 'out'}", "trial.epochs=200"]
    process = start("ablate.run", *arguments, log=log)
    while "  started" not in log.read_text():
        assert process.poll() is None
        time.sleep(0.05)
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
