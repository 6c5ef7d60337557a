"""A Ray cluster of hosts that share nothing, on one machine: each is a set of Linux namespaces. Needs root.

    with nodes.cluster(tmp_path, count=2, token="secret", s3=True) as cluster:
        head, other = cluster.nodes
        done = head.run("python", "-m", "ablate.run", "ray.address=auto", ..., timeout=300)
        other.kill()
        cluster.wait_alive(head)

A host has its own processes, network interface, host name, /dev/shm, and root folder: its disk. The disk holds /tmp and
the home folder /root, among others, and lies in `tmp_path`: `node.path("/tmp/x")` is where to look at it from outside,
also after the host's death. All else that a host sees is read-only and the machine's: /usr, /etc, Python, the virtual
environment and, unless `code` says otherwise, this checkout. Commands get no variable of the caller's environment.

Hosts die with the tests' process, however it ends: each ends when a pipe from it is closed.
"""

import contextlib
import itertools
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pyarrow import fs

from tests import command
from tests.command import ROOT

HOME = "/root"
_SYSTEM = ("usr", "etc", "opt", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "sys", "dev")
_NAMESPACES = ("--mount", "--uts", "--net", "--pid")
_serial = itertools.count()

# Waits until exactly the named hosts are alive, if any are named; prints those that are. `ray.init` waits for nothing.
_ALIVE = """
import json, sys, time
from ray._raylet import GcsClient
from ray.core.generated.gcs_pb2 import GcsNodeInfo
address, *wanted = sys.argv[1:]
client = GcsClient(address=address)
while True:
    nodes = client.get_all_node_info(timeout=60).values()
    alive = sorted(node.node_manager_hostname for node in nodes if node.state == GcsNodeInfo.ALIVE)
    if not wanted or alive == sorted(wanted):
        break
    time.sleep(0.1)
print(json.dumps(alive))
"""


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


class Node:
    """A host.

    Attributes:
        name: its host name.
        ip: its address.
        disk: its root folder, as seen from outside.
        ray: the process of `ray start --block`; its output is in `log`.
    """

    def __init__(self, owner: "Cluster", index: int, cpus: int, code: Path | None) -> None:
        self.name, self.ip = f"node{index}", f"{owner.subnet}.{index + 2}"
        self.link = f"{owner.bridge}n{index}"
        self.disk, self.log = owner.folder / self.name, owner.folder / f"{self.name}.log"
        self._owner, self._index, self._cpus, self._code = owner, index, cpus, code
        self._init: subprocess.Popen | None = None
        self._started: list[Inside] = []

    def path(self, inside: str) -> Path:
        """Where a path of the host's own disk is seen from outside."""
        return self.disk / inside.lstrip("/")

    def boot(self) -> None:
        """Makes the namespaces, without Ray."""
        steps = [*self._network(), *self._mounts()]
        # The first process in a namespace of processes: its end is the end of all others. Bash also reaps orphans.
        init = f"exec unshare --pid --fork --root={_q(self.disk)} --wd=/ --mount-proc bash -c 'echo up; read -r _'"
        self._init = _kept(["unshare", "--mount", "--uts", "--net", "bash", "-ec", "\n".join([*steps, init])])

    def start_ray(self) -> None:
        """Starts Ray on a host that runs without, and does not wait for it."""
        head = self._owner.nodes[0]
        role = [f"--address={head.ip}:6379"]
        if self is head:
            role = ["--head", "--port=6379", "--include-dashboard=true", "--dashboard-host=0.0.0.0"]
        options = [f"--node-ip-address={self.ip}", f"--num-cpus={self._cpus}", f"--object-store-memory={100 * 2**20}"]
        self.ray = self.start("ray", "start", *role, *options, "--block", log=self.log)

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

    def kill_raylet(self) -> None:
        self.kill_named("raylet")

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
        subprocess.run(["ip", "link", "delete", self.link], capture_output=True, check=False)

    def restart(self, empty: bool = False) -> None:
        """The host comes back at its address, with Ray, with its disk as it was or an empty one."""
        self.kill()
        if empty:
            shutil.rmtree(self.disk)
        self.boot()
        self.start_ray()

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
        wanted = self._owner.environment | environment
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
            f"ip link add eth0 type veth peer name {self.link} netns $PPID",
            f"nsenter --target $PPID --net ip link set {self.link} master {self._owner.bridge} up",
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
        steps.append(f"mount --bind {_q(self._owner.hosts)} {_q(self.path('/etc/hosts'))}")
        mount(sys.base_prefix, sys.base_prefix, "-o bind,ro")
        if self._code is not None:
            mount(self._code, ROOT, "-o bind,ro")
            if Path(sys.prefix).is_relative_to(ROOT):
                (self._code / Path(sys.prefix).relative_to(ROOT)).mkdir(parents=True, exist_ok=True)
        mount(sys.prefix, sys.prefix, "-o bind,ro")
        for folder in self._owner.shared:
            mount(folder, folder, "--bind")
        return steps


class Cluster:
    """The hosts, the first of which is Ray's head, and the bridge that joins them.

    Attributes:
        nodes: the hosts.
        address: the bridge's address, where the tests' own process is reached from the hosts.
        environment: the variables of every command in a host.
        s3: the object store that all hosts reach by their environment, with a bucket `bucket`; None if not wanted.
    """

    def __init__(self, folder: Path, shared: Sequence[Path], token: str | None) -> None:
        number = next(_serial)
        self.folder, self.shared, self.hosts = folder, shared, folder / "hosts"
        self.bridge = f"ab{os.getpid()}{chr(ord('a') + number % 26)}"  # with n0 at most 15 characters
        self.subnet = _free_subnet(os.getpid() * 26 + number)
        self.address = f"{self.subnet}.1"
        self.nodes: list[Node] = []
        self.s3: fs.S3FileSystem | None = None
        self.environment: dict[str, str | None] = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), *os.defpath.split(os.pathsep), "/usr/sbin"]),
            "HOME": HOME,
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": "1",
            "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "token" if token else "disabled",
        } | ({"RAY_AUTH_TOKEN": token} if token else {})

    def alive(self) -> list[str]:
        """The names of the hosts that Ray holds for alive."""
        return self._alive(60)

    def wait_alive(self, *nodes: Node, timeout: float = 120) -> None:
        """Waits until Ray holds these hosts, and no others, for alive."""
        self._alive(timeout, *nodes)

    def _alive(self, timeout: float, *nodes: Node) -> list[str]:
        names = [node.name for node in nodes]
        done = self.nodes[0].run("python", "-c", _ALIVE, f"{self.nodes[0].ip}:6379", *names, timeout=timeout)
        assert done.returncode == 0, done.stderr + "".join(f"\n{node.log.read_text()}" for node in self.nodes)
        return json.loads(done.stdout.splitlines()[-1])

    def kill_gcs(self) -> None:
        """Kills Ray's global control service, by SIGKILL."""
        self.nodes[0].kill_named("gcs_server")

    def cut(self, node: Node) -> None:
        """Pulls the host's network cable: its peers hear nothing more of it, nor it of them."""
        subprocess.run(["ip", "link", "set", node.link, "down"], check=True)

    def mend(self, node: Node) -> None:
        subprocess.run(["ip", "link", "set", node.link, "up"], check=True)


@contextlib.contextmanager
def cluster(
    folder: Path,
    count: int = 2,
    cpus: int | Sequence[int] = 1,
    token: str | None = None,
    share: Sequence[Path] = (),
    code: Mapping[int, Path | None] | None = None,
    s3: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Cluster]:
    """Hosts on which Ray runs, all of them alive. The test is skipped where they cannot be made.

    Args:
        folder: holds the disks and Ray's output, `node0.log` and so on.
        cpus: what Ray has on each host, or on all.
        share: folders that all hosts see, at the same path, and write to.
        code: by a host's number, another copy of the code that it has in place of this checkout; None: no code there.
        s3: whether all hosts reach an object store.
        environment: more variables for Ray and all commands in the hosts.
    """
    if reason := available():
        refuse = pytest.fail if os.environ.get("ABLATE_TEST_ALL") else pytest.skip
        refuse(reason)
    made = Cluster(folder, share, token)
    made.environment |= environment or {}
    for index in range(count):
        own_cpus = cpus if isinstance(cpus, int) else cpus[index]
        made.nodes.append(Node(made, index, own_cpus, (code or {}).get(index, ROOT)))
    made.hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{node.ip} {node.name}\n" for node in made.nodes))
    with contextlib.ExitStack() as stack:
        bridge = f"ip link add {made.bridge} type bridge && ip address add {made.address}/24 dev {made.bridge}"
        bridge += f" && ip link set {made.bridge} up && echo up && read -r _; ip link delete {made.bridge}"
        kept = _kept(["sh", "-c", bridge])
        stack.callback(kept.communicate)  # closes the pipe, and waits
        if s3:
            stack.enter_context(_store(made))
        for node in made.nodes:
            stack.callback(node.kill)
            node.boot()
        for node in made.nodes:
            node.start_ray()
        made.wait_alive(*made.nodes)
        yield made


@contextlib.contextmanager
def _store(made: Cluster) -> Iterator[None]:
    address = (made.address, 5000)
    log = made.folder / "s3.log"
    with log.open("wb") as file:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", address[0], "-p", str(address[1])],
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        _until(lambda: _listens(address) or server.poll() is not None)
        assert server.poll() is None, log.read_text()
        url = f"http://{address[0]}:{address[1]}"
        made.s3 = fs.S3FileSystem(
            access_key="key", secret_key="secret", endpoint_override=url, region="us-east-1", allow_bucket_creation=True
        )
        made.s3.create_dir("bucket")
        made.environment |= {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        yield
    finally:
        server.kill()
        server.wait()


def _kept(arguments: list[str]) -> subprocess.Popen:
    """A process that says when it is up, and ends when its standard input does; deaf to Ctrl-C in the terminal."""
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


def _listens(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, 1).close()
    except OSError:
        return False
    return True


def _until(happened: Callable[[], bool], timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _q(path: str | Path) -> str:
    return shlex.quote(str(path))
