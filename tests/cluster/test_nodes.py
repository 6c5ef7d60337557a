"""The hosts that tests of a cluster run on: they share what they are told to share, and nothing else."""

import json
import signal

import pytest

from tests import nodes
from tests.command import ROOT

pytestmark = pytest.mark.slow

# A task on each host: its name, and what it reads in a file of its own /tmp.
DRIVER = """
import json, ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
ray.init(address="auto", log_to_driver=False)

def look():
    import os, socket
    return socket.gethostname(), open("/tmp/mark").read() if os.path.exists("/tmp/mark") else None

places = [NodeAffinitySchedulingStrategy(node["NodeID"], soft=False) for node in ray.nodes()]
print(json.dumps(sorted(ray.get([ray.remote(scheduling_strategy=place)(look).remote() for place in places]))))
"""
PUT = """
import sys
from pyarrow import fs
store, _ = fs.FileSystem.from_uri("s3://bucket")
with store.open_output_stream(f"bucket/{sys.argv[1]}") as file:
    file.write(b"here")
"""


def test_two_hosts_share_a_cluster_a_store_and_nothing_else(tmp_path):
    with nodes.cluster(tmp_path, token="secret", s3=True, environment=nodes.QUICK) as cluster:
        head, other = cluster.nodes
        assert other.run("bash", "-c", "echo -n there > /tmp/mark").returncode == 0
        done = head.run("python", "-c", DRIVER)
        assert json.loads(done.stdout.splitlines()[-1]) == [["node0", None], ["node1", "there"]], done.stderr
        assert not head.path("/tmp/mark").exists()
        assert other.path("/tmp/mark").read_text() == "there"
        for node in cluster.nodes:
            done = node.run("python", "-c", PUT, node.name)
            assert done.returncode == 0, done.stderr
            with cluster.s3.open_input_file(f"bucket/{node.name}") as file:
                assert file.read() == b"here"
        other.kill()
        cluster.wait_alive(head)
        assert other.path("/tmp/mark").exists()
        other.restart(empty=True)
        cluster.wait_alive(head, other)
        assert not other.path("/tmp/mark").exists()


def test_a_host_that_is_cut_off_is_missed_and_not_killed(tmp_path):
    with nodes.cluster(tmp_path, environment=nodes.QUICK) as cluster:
        head, other = cluster.nodes
        waits = other.start("sleep", "1000", log=tmp_path / "log")
        reach = ("bash", "-c", f"exec 3<>/dev/tcp/{head.ip}/6379")
        other.cut()
        assert other.run(*reach).returncode != 0
        cluster.wait_alive(head)
        assert waits.poll() is None
        other.mend()
        assert other.run(*reach).returncode == 0
        waits.terminate()
        assert waits.wait() == -signal.SIGTERM


def test_a_host_has_no_code_or_other_code(tmp_path):
    folder, copy = tmp_path / "shared", tmp_path / "copy"
    (copy / "ablate").mkdir(parents=True)
    (copy / "ablate" / "__init__.py").write_text("print('other code')")
    folder.mkdir()
    with nodes.cluster(tmp_path, 3, share=[folder], code={1: None, 2: copy}) as cluster:
        has, has_not, has_other = [node.run("python", "-c", "import ablate") for node in cluster.nodes]
        assert (has.returncode, has.stdout) == (0, "")
        assert "No module named 'ablate'" in has_not.stderr
        assert has_other.stdout == "other code\n"
        assert cluster.nodes[0].run("touch", ROOT / "new").returncode != 0
        assert cluster.nodes[1].run("touch", folder / "new").returncode == 0
        assert cluster.nodes[2].run("ls", folder).stdout == "new\n"
        cluster.nodes[1].kill_raylet()
        cluster.wait_alive(cluster.nodes[0], cluster.nodes[2])
        cluster.nodes[1].start_ray()
        cluster.wait_alive(*cluster.nodes)
