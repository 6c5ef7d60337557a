"""Hosts on one machine: sets of Linux namespaces, which share what they are told to share and nothing else. Needs root.

A host has its own processes, network interface, host name, /dev/shm, and root folder: its disk. The disk holds /tmp and
the home folder /root, among others: `host.path("/tmp/x")` is where to look at it from outside, also after the host's
death. All else that a host sees is read-only and the machine's: /usr, /etc, Python, the virtual environment and, unless
`code` says otherwise, this checkout. Commands in a host get no variable of the caller's environment.

Hosts die with the tests' process, however it ends: each ends when a pipe from it is closed.
"""

import contextlib
import itertools
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests import command
from tests.command import ROOT

HOME = "/root"
ENVIRONMENT = {
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), *os.defpath.split(os.pathsep), "/usr/sbin"]),
    "HOME": HOME,
    "LANG": "C.UTF-8",
}
_SYSTEM = ("usr", "etc", "opt", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "sys", "dev")
_NAMESPACES = ("--mount", "--uts", "--net", "--pid")
_serial = itertools.count()


def available() -> str | None:
    """Why hosts cannot be made here; None where they can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "needs root, for network namespaces"
    if missing := [name for name in ("ip", "unshare", "nsenter", "mount", "bash") if shutil.which(name) is None]:
        return f"needs {', '.join(missing)}: apt-get install iproute2 util-linux bash"
    links = "ip link add br0 type bridge && ip link add eth0 type veth peer name eth1 && mount -t tmpfs none /mnt"
    tried = subprocess.run(
        ["unshare", *_NAMESPACES, "--fork", "bash", "-c", links], capture_output=True, text=True, check=False
    )
    return f"needs namespaces: {tried.stderr.strip()}" if tried.returncode else None


class Inside(subprocess.Popen):
    """A process within a host, entered by nsenter; signals go to the process itself."""

    def send_signal(self, sig: int) -> None:
        while self.poll() is None:
            if inner := _children(self.pid):
                os.kill(inner[0], sig)
                return
            time.sleep(0.01)


class Network:
    """A bridge that joins hosts.

    Attributes:
        bridge: its name.
        ip: the bridge's address, where the tests' own process is reached from the hosts.
    """

    def __init__(self) -> None:
        number = next(_serial)
        self.bridge = (
            f"ab{os.getpid()}{chr(ord('a') + number % 26)}"  # a host's link, with n0, has 15 characters at most
        )
        self._subnet = _free_subnet(os.getpid() * 26 + number)
        self.ip = f"{self._subnet}.1"

    def address(self, index: int) -> str:
        return f"{self._subnet}.{index + 2}"

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        make = f"ip link add {self.bridge} type bridge && ip address add {self.ip}/24 dev {self.bridge}"
        make += f" && ip link set {self.bridge} up && echo up && read -r _"
        with kept(["sh", "-c", f"{make}; ip link delete {self.bridge}"]):
            yield


class Host:
    """A host.

    Args:
        disk: a folder, which is made if there is none.
        names: a file like /etc/hosts, which it becomes.
        environment: the variables of every command.
        code: what it has in place of this checkout; None: no code.
        share: folders outside that it sees, at the same path, and writes to.

    Attributes:
        name: its host name.
        ip: its address.
        disk: its root folder, as seen from outside.
    """

    def __init__(
        self,
        network: Network,
        index: int,
        disk: Path,
        names: Path,
        environment: Mapping[str, str],
        code: Path | None = ROOT,
        share: Sequence[Path] = (),
    ) -> None:
        self.name, self.ip, self.disk = disk.name, network.address(index), disk
        self._bridge, self._link = network.bridge, f"{network.bridge}n{index}"
        self._names, self._environment, self._code, self._share = names, environment, code, share
        self._init: subprocess.Popen | None = None
        self._started: list[Inside] = []

    def path(self, inside: str) -> Path:
        """Where a path of the host's own disk is seen from outside."""
        return self.disk / inside.lstrip("/")

    def boot(self) -> None:
        """Makes the namespaces."""
        steps = [*self._network(), *self._mounts()]
        # The first process in a namespace of processes: its end is the end of all others. Bash also reaps orphans.
        init = f"exec unshare --pid --fork --root={_q(self.disk)} --wd=/ --mount-proc bash -c 'echo up; read -r _'"
        self._init = _spawn(["unshare", "--mount", "--uts", "--net", "bash", "-ec", "\n".join([*steps, init])])

    def run(
        self, *arguments: object, cwd: str | Path = HOME, timeout: float = 300, **environment: str | None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command in the host to its end, its output captured. A variable that is None is unset."""
        with self._enter(arguments, cwd, environment, stdout=-1, stderr=-1, text=True) as process:
            try:
                output, errors = process.communicate(timeout=timeout)
            except BaseException:
                process.kill()
                raise
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    def start(self, *arguments: object, log: Path, cwd: str | Path = HOME, **environment: str | None) -> Inside:
        """Starts a command in the host; its output is added to a file outside. It ends with the host, at the latest."""
        with log.open("ab") as file:
            process = self._enter(arguments, cwd, environment, stdout=file, stderr=subprocess.STDOUT)
        self._started.append(process)
        return process

    def pids(self) -> dict[int, str]:
        """The host's processes: their ids outside, and their command lines."""
        return {pid: _read(f"/proc/{pid}/cmdline").replace("\0", " ").strip() for pid in self._pids()}

    def kill_named(self, name: str) -> None:
        """Kills the host's processes of a name, by SIGKILL."""
        found = [pid for pid in self._pids() if _read(f"/proc/{pid}/comm").strip() == name]
        assert found, f"{name} does not run on {self.name}"
        for pid in found:
            os.kill(pid, signal.SIGKILL)

    def kill(self) -> None:
        """Kills all of the host's processes. Its peers hear that connections end; not so if it is cut off before."""
        if self._init is None:
            return
        for pid in _children(self._init.pid):
            os.kill(pid, signal.SIGKILL)
        for process in (self._init, *self._started):
            process.wait()
        self._init.communicate()
        self._init, self._started = None, []
        # It goes with the namespace, but later: a restart could still meet it.
        subprocess.run(["ip", "link", "delete", self._link], capture_output=True, check=False)

    def cut(self) -> None:
        """Pulls the network cable: the host's peers hear nothing more of it, nor it of them."""
        subprocess.run(["ip", "link", "set", self._link, "down"], check=True)

    def mend(self) -> None:
        subprocess.run(["ip", "link", "set", self._link, "up"], check=True)

    def _pids(self) -> list[int]:
        assert self._init is not None, f"{self.name} is dead"
        space = os.readlink(f"/proc/{_children(self._init.pid)[0]}/ns/pid")
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                found += [int(entry.name)] if os.readlink(entry / "ns/pid") == space else []
        return found

    def _enter(
        self, arguments: Sequence[object], cwd: str | Path, environment: Mapping[str, str | None], **options: Any
    ) -> Inside:
        assert self._init is not None, f"{self.name} is dead"
        enter = ["nsenter", f"--target={_children(self._init.pid)[0]}", *_NAMESPACES, "--root", "--wd"]
        wanted = self._environment | environment
        return Inside(
            [*enter, "env", f"--chdir={cwd}", *map(str, arguments)],
            env={name: value for name, value in wanted.items() if value is not None},
            stdin=subprocess.DEVNULL,
            preexec_fn=command.interruptible,
            start_new_session=True,
            **options,
        )

    def _network(self) -> list[str]:
        return [
            f"echo {self.name} > /proc/sys/kernel/hostname",
            f"ip link add eth0 type veth peer name {self._link} netns $PPID",
            f"nsenter --target $PPID --net ip link set {self._link} master {self._bridge} up",
            "ip link set lo up",
            f"ip address add {self.ip}/24 dev eth0",
            "ip link set eth0 up",
        ]

    def _mounts(self) -> list[str]:
        """Commands that mount what the host sees onto its disk, where this makes the mount points."""
        for name in ("proc", "run", "root", "tmp", "var/tmp"):
            self.path(name).mkdir(parents=True, exist_ok=True)
        for name in ("tmp", "var/tmp"):
            self.path(name).chmod(0o1777)
        steps = []

        def mount(source: str | Path, target: str | Path, options: str) -> None:
            self.path(str(target)).mkdir(parents=True, exist_ok=True)
            steps.append(f"mount {options} {_q(source)} {_q(self.path(str(target)))}")

        for path in (Path("/", name) for name in _SYSTEM):
            if path.is_symlink():
                self.path(str(path)).unlink(missing_ok=True)
                self.path(str(path)).symlink_to(path.readlink())
            elif path.is_dir():
                mount(path, path, "--rbind" if path.name in ("dev", "sys") else "-o bind,ro")
        mount("tmpfs", "/dev/shm", "-t tmpfs -o size=1g")
        steps.append(f"mount --bind {_q(self._names)} {_q(self.path('/etc/hosts'))}")
        mount(sys.base_prefix, sys.base_prefix, "-o bind,ro")
        if self._code is not None:
            mount(self._code, ROOT, "-o bind,ro")
            if Path(sys.prefix).is_relative_to(ROOT):
                (self._code / Path(sys.prefix).relative_to(ROOT)).mkdir(parents=True, exist_ok=True)
        mount(sys.prefix, sys.prefix, "-o bind,ro")
        for folder in self._share:
            mount(folder, folder, "--bind")
        return steps


@contextlib.contextmanager
def kept(arguments: list[str]) -> Iterator[None]:
    """Runs a process that prints `up` when it is, and that ends when its standard input does."""
    process = _spawn(arguments)
    try:
        yield
    finally:
        process.communicate()


def _spawn(arguments: list[str]) -> subprocess.Popen:
    """The same, which does not hear of Ctrl-C in the terminal."""
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(arguments, start_new_session=True, **options)
    if process.stdout.readline() != "up\n":
        raise AssertionError(process.communicate()[1])
    return process


def _free_subnet(wanted: int) -> str:
    """The first three numbers of a network of 256 addresses that nobody on this machine has, from a wanted one on."""
    taken = subprocess.run(["ip", "-4", "route", "show", "table", "all"], capture_output=True, text=True, check=True)
    for number in itertools.count(wanted):
        subnet = f"10.{number // 256 % 256}.{number % 256}"
        if f" {subnet}." not in f" {taken.stdout}".replace("\n", " "):
            return subnet
    raise AssertionError("unreachable")


def _children(pid: int) -> list[int]:
    return [int(child) for child in _read(f"/proc/{pid}/task/{pid}/children").split()]


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _q(path: str | Path) -> str:
    return shlex.quote(str(path))
