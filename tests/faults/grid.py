"""A small grid whose trials do what a test wants, and the driver that runs it, alone or on the hosts of a cluster.

Its two networks are U-Nets. Before each forward pass they look into the grid's folder, which all hosts share: at
`pace`, for how long to wait; at `NAME.fault`, for what else to do. Neither is a part of a trial's identity, so that
trials that were disturbed are those of the undisturbed run. Passes in training are counted.
"""

import contextlib
import re
import signal
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from ablate.results import mirror
from ablate.results.reader import read_rows
from tests import command
from tests.command import ROOT
from tests.rows import rows

EPOCHS = 4
STEPS = 4  # of an epoch
TRIALS = 4
NETWORK = """
import os, platform, time
from pathlib import Path
from ablate.models import unet

FOLDER = Path("{folder}")
FAULT = FOLDER / "{name}.fault"

def first(name):
    '''Whether this is the first process that asks for a name.'''
    try:
        os.close(os.open(FOLDER / name, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True

def meet(network, inputs):
    time.sleep(float((FOLDER / "pace").read_text()))
    if network.training:
        with (FOLDER / "steps").open("a") as file:
            file.write(platform.node() + "\\n")
    if FAULT.is_file():
        exec(FAULT.read_text(), globals() | {{"network": network}})

def build(*, width):
    network = unet.build(width=width)
    network.register_forward_pre_hook(meet)
    return network
"""
SPACE = """
from ablate.spaces.space import product

def space():
    return product(model=["{folder}/prone.py", "{folder}/steady.py"], arm=["crop", "i2i"], augment=["jitter"])
"""
KILLED = "its process was killed; it is tried again"
LOST = "its (node was lost|process was killed); it is tried again"  # Ray may hear of the process first


class Grid:
    """The grid, of the trials prone-crop, prone-i2i, steady-crop and steady-i2i.

    Attributes:
        folder: what the trials look into, with `space.py`.
        data: what they train on.
        rows: tables of the undisturbed run, once there was one.
    """

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder, self.data = folder, data
        self.rows: dict[str, pd.DataFrame] = {}
        for name in ("prone", "steady"):
            (folder / f"{name}.py").write_text(NETWORK.format(folder=folder, name=name))
        (folder / "space.py").write_text(SPACE.format(folder=folder))
        self.reset()

    def reset(self) -> None:
        """No fault, no waiting, no step so far."""
        for path in self.folder.iterdir():
            if path.is_file() and path.suffix != ".py":
                path.unlink()
        (self.folder / "steps").touch()
        self.pace(0)

    def pace(self, seconds: float) -> None:
        """How long every forward pass waits from now on; an epoch has six."""
        new = self.folder / ".pace"
        new.write_text(str(seconds))
        new.rename(self.folder / "pace")

    def fault(self, text: str | None, network: str = "prone") -> None:
        """What a network does before each forward pass from now on; None: nothing any more."""
        path = self.folder / f"{network}.fault"
        if text is None:
            path.unlink()
            return
        new = path.with_suffix(".new")
        new.write_text(textwrap.dedent(text))
        new.rename(path)

    def steps(self, node: str | None = None) -> int:
        """Training steps so far, of all processes, or of those on a node."""
        return sum(node in {None, line} for line in (self.folder / "steps").read_text().splitlines())

    def wait_until(self, mark: str, timeout: float = 240) -> None:
        """Waits until a trial has made a file of this name."""
        deadline = time.monotonic() + timeout
        while not (self.folder / mark).exists():
            assert time.monotonic() < deadline, f"no {mark}"
            time.sleep(0.02)

    def wait_until_still(self) -> None:
        """Waits until nobody has trained for some seconds."""
        before = -1
        while before < (before := self.steps()):
            time.sleep(5)

    def lost(self) -> float:
        """Epochs that were trained more than once, with parts of epochs."""
        return self.steps() / STEPS - TRIALS * EPOCHS

    def arguments(self, out: object, *more: str, data: object = None) -> list[str]:
        """What the command is given."""
        given = {"space": self.folder / "space.py", "data": data or self.data, "out": out, "trial.epochs": EPOCHS}
        given |= dict(word.split("=", 1) for word in more)
        return [f"{key}={value}" for key, value in given.items()]

    def start(self, out, *more, host=None, data=None, log, **environment):
        """Starts the command here, with a Ray of its own, or on a host, in its cluster, which gets the variables."""
        words = self.arguments(out, *more, data=data)
        if host is None:
            return Driver(self, command.start("ablate.run", *words, log=log), log)
        words = ["python", "-m", "ablate.run", *words, "ray.address=auto"]
        log.unlink(missing_ok=True)
        variables = [f"{name}={value}" for name, value in environment.items()]
        return Driver(self, host.start("env", *variables, *words, cwd=ROOT, log=log), log)

    def run(self, out, *more, host=None, data=None, **environment):
        """Runs it to its end."""
        words = self.arguments(out, *more, data=data)
        if host is None:
            return command.run("ablate.run", *words, **environment)
        return host.run("python", "-m", "ablate.run", *words, "ray.address=auto", cwd=ROOT, **environment)

    def require_undisturbed(self, out: object) -> None:
        """That all trials are done, once each, with the rows of the undisturbed run."""
        with mirror.folder(str(out)) as copy:
            trials = read_rows(copy, "trials").to_pylist()
            assert {row["name"]: row["reason"] for row in trials if row["status"] != "done"} == {}
            assert len(trials) == len({row["trial"] for row in trials}) == TRIALS
            for table, wanted in self.rows.items():
                pd.testing.assert_frame_equal(rows(copy, table), wanted)

    def require_complete(self, out: object, host=None, data=None) -> None:
        """The same, and that the command finds nothing more to do."""
        self.require_undisturbed(out)
        again = self.run(out, host=host, data=data)
        assert f"{TRIALS} trials, {TRIALS} done, 0 to run" in again.stdout, again.stdout + again.stderr


class Driver:
    """A command that runs, and what it prints."""

    def __init__(self, grid: Grid, process, log: Path) -> None:
        self.process, self._grid, self._log = process, grid, log

    @property
    def text(self) -> str:
        return self._log.read_text()

    def line(self, words: str) -> str | None:
        """The first line that holds these words."""
        return next((line for line in self.text.splitlines() if words in line), None)

    def wait_for_steps(self, number: int, host=None, timeout: float = 240) -> None:
        """Waits until so many training steps have been done by all trials together, or by those on a host."""
        deadline = time.monotonic() + timeout
        while self._grid.steps(host and host.name) < number:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.02)

    def wait_for(self, pattern: str, timeout: float = 240) -> re.Match[str]:
        """Waits until something is printed."""
        deadline = time.monotonic() + timeout
        while True:
            over = self.process.poll() is not None
            if found := re.search(pattern, self.text):
                return found
            assert not over, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.05)

    def seconds_until(self, pattern: str, timeout: float = 240) -> float:
        """How long it takes, from now on, until something is printed."""
        began = time.monotonic()
        self.wait_for(pattern, timeout)
        return round(time.monotonic() - began, 1)

    def end(self, timeout: float = 300) -> int:
        """Its status, in the end."""
        return self.process.wait(timeout=timeout)

    def kill(self) -> None:
        """By SIGKILL."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def trial_processes(host) -> list[int]:
    """The ids of a host's processes in which trials run."""
    return [pid for pid, words in host.pids().items() if re.match("ray::(GridTrial|prone|steady)", words)]


def restart(cluster) -> None:
    """All hosts anew, with the disks that they had, the head first: the others give up waiting for a slow one."""
    head, *others = cluster.nodes
    head.restart()
    cluster.wait_alive(head)
    for node in others:
        node.restart()
    cluster.wait_alive(*cluster.nodes)


@contextlib.contextmanager
def in_background(grid: Grid, *arguments, **options) -> Iterator[Driver]:
    """A driver that does not outlive the block."""
    driver = grid.start(*arguments, **options)
    try:
        yield driver
    finally:
        if driver.process.poll() is None:
            driver.kill()
