"""A Ray cluster of hosts that share nothing, on one machine. Needs root; what a host is: `tests/hosts.py`.

    with nodes.cluster(tmp_path, count=2, token="secret", s3=True) as cluster:
        head, other = cluster.nodes
        done = head.run("python", "-m", "ablate.run", "ray.address=auto", ..., timeout=300)
        other.kill()
        cluster.wait_alive(head)

Ray takes half a minute to notice that a host is gone, and seconds with `environment=nodes.QUICK`.
"""

import contextlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pyarrow import fs

from tests import hosts
from tests.command import ROOT
from tests.hosts import available

__all__ = ["QUICK", "Cluster", "Node", "available", "cluster"]

# Ray soon holds a host for dead that says nothing: for tests that wait for that. A busy host may be silent, too.
QUICK = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "4",
}
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
}

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


class Node(hosts.Host):
    """A host that Ray runs on.

    Attributes:
        ray: the process of `ray start --block`; its output is added to the file `log`.
    """

    def __init__(self, *arguments: Any, head: str | None, cpus: int, log: Path, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.log, self._cpus, self._head = log, cpus, head

    def start_ray(self) -> None:
        """Starts Ray on a host that runs without, and does not wait for it."""
        role = [f"--address={self._head}:6379"]
        if self._head is None:
            role = ["--head", "--port=6379", "--include-dashboard=true", "--dashboard-host=0.0.0.0"]
        options = [f"--node-ip-address={self.ip}", f"--num-cpus={self._cpus}", f"--object-store-memory={100 * 2**20}"]
        self.ray = self.start("ray", "start", *role, *options, "--block", log=self.log)

    def kill_raylet(self) -> None:
        """Kills what runs Ray on the host, by SIGKILL; the host runs on, and `start_ray` starts Ray anew."""
        self.kill_named("raylet")
        self.ray.wait()

    def restart(self, empty: bool = False) -> None:
        """The host comes back at its address, with Ray, with its disk as it was or an empty one; waits for nothing."""
        self.kill()
        if empty:
            shutil.rmtree(self.disk)
        self.boot()
        self.start_ray()


class Cluster:
    """The hosts, the first of which is Ray's head.

    Attributes:
        nodes: the hosts.
        network: the bridge that joins them; the tests' own process is at `network.ip`.
        environment: the variables of every command in a host.
        s3: the object store that all hosts reach by their environment, with a bucket `bucket`; None if not wanted.
    """

    def __init__(
        self, nodes: list[Node], network: hosts.Network, environment: Mapping[str, str], s3: fs.S3FileSystem | None
    ) -> None:
        self.nodes, self.network, self.environment, self.s3 = nodes, network, environment, s3

    def alive(self) -> list[str]:
        """The names of the hosts that Ray holds for alive."""
        return self._alive(60)

    def wait_alive(self, *nodes: Node, timeout: float = 120) -> None:
        """Waits until Ray holds these hosts, and no others, for alive."""
        self._alive(timeout, *nodes)

    def kill_gcs(self) -> None:
        """Kills Ray's global control service, by SIGKILL."""
        self.nodes[0].kill_named("gcs_server")

    def _alive(self, timeout: float, *nodes: Node) -> list[str]:
        names = [node.name for node in nodes]
        try:
            done = self.nodes[0].run("python", "-c", _ALIVE, f"{self.nodes[0].ip}:6379", *names, timeout=timeout)
            wrong = done.stderr if done.returncode else ""
        except subprocess.TimeoutExpired:
            wrong = f"other hosts than {names} are alive, after {timeout} s"
        assert not wrong, wrong + "".join(f"\n{node.name}: {node.log.read_text()[-4000:]}" for node in self.nodes)
        return json.loads(done.stdout.splitlines()[-1])


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
    network, names = hosts.Network(), folder / "hosts"
    variables = hosts.ENVIRONMENT | _ENVIRONMENT | {"RAY_AUTH_MODE": "token" if token else "disabled"}
    variables |= ({"RAY_AUTH_TOKEN": token} if token else {}) | dict(environment or {})
    with contextlib.ExitStack() as stack:
        stack.enter_context(network.up())
        store = None
        if s3:
            store, store_variables = stack.enter_context(_store(network.ip, folder / "s3.log"))
            variables |= store_variables
        nodes = [
            Node(
                network,
                index,
                folder / f"node{index}",
                names,
                variables,
                code=(code or {}).get(index, ROOT),
                share=share,
                head=network.address(0) if index else None,
                cpus=cpus if isinstance(cpus, int) else cpus[index],
                log=folder / f"node{index}.log",
            )
            for index in range(count)
        ]
        names.write_text("127.0.0.1 localhost\n" + "".join(f"{node.ip} {node.name}\n" for node in nodes))
        for node in nodes:
            stack.callback(node.kill)
            node.boot()
            node.start_ray()
        made = Cluster(nodes, network, variables, store)
        made.wait_alive(*nodes)
        yield made


@contextlib.contextmanager
def _store(ip: str, log: Path) -> Iterator[tuple[fs.S3FileSystem, dict[str, str]]]:
    """Runs moto's server; gives its file system, and the variables that lead there."""
    url = f"http://{ip}:5000"
    server = shlex.join([sys.executable, "-m", "moto.server", "-H", ip, "-p", "5000"])
    with hosts.kept(["bash", "-c", f"{server} > {shlex.quote(str(log))} 2>&1 & echo up; read -r _; kill -9 $!"]):
        deadline = time.monotonic() + 60
        while not _listens(ip, 5000):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        keys = {"access_key": "key", "secret_key": "secret"}
        store = fs.S3FileSystem(**keys, endpoint_override=url, region="us-east-1", allow_bucket_creation=True)
        store.create_dir("bucket")
        yield (
            store,
            {
                "AWS_ENDPOINT_URL": url,
                "AWS_ACCESS_KEY_ID": "key",
                "AWS_SECRET_ACCESS_KEY": "secret",
                "AWS_EC2_METADATA_DISABLED": "true",
            },
        )


def _listens(*address: str | int) -> bool:
    try:
        socket.create_connection(address, 1).close()
    except OSError:
        return False
    return True
