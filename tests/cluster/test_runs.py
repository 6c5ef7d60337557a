"""Runs on two hosts that share an object store and nothing else."""

import re
import shutil
from pathlib import Path

import pytest

from ablate import storage
from ablate.results import mirror
from ablate.results.reader import read_rows
from ablate.results.trial_log import BEGINS
from tests import nodes, tiny_data
from tests.command import ROOT, run
from tests.datasets import raw_inputs
from tests.rows import rows
from tests.stores import upload

pytestmark = pytest.mark.slow

TOKEN = "0123456789abcdef" * 4
# A network, an augmentation and a space that lie on the head's disk alone.
NETWORK = """
from ablate.models import unet

def build(*, width):
    return unet.build(width=width)
"""
SPACE = """
from ablate.spaces.space import product

def space():
    return product(model=["unet", "segnet", "{network}"], arm=["crop", "i2i"], augment=["jitter"])
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tiny_data.write(tmp_path_factory.mktemp("data") / "root")


@pytest.fixture(scope="module")
def two(tmp_path_factory, data):
    with nodes.cluster(tmp_path_factory.mktemp("two"), token=TOKEN, s3=True) as cluster:
        upload(cluster.s3, data, "bucket/data")
        yield cluster


@pytest.fixture
def store(two, monkeypatch):
    """The tests' own process reaches the store too."""
    for name, value in two.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)


def command(host, *arguments, **environment):
    return host.run("python", "-m", "ablate.run", *arguments, cwd=ROOT, **environment)


def test_two_hosts_leave_the_rows_that_one_machine_does(two, store, data, tmp_path):
    head, _ = two.nodes
    here = tmp_path / "network.py"
    for place in (here, head.path("/root/network.py")):
        place.write_text(NETWORK)
    for folder, network in ((tmp_path, here), (head.path("/root"), "/root/network.py")):
        (folder / "six.py").write_text(SPACE.format(network=network))

    there = ["space=/root/six.py", "data=s3://bucket/data", "out=s3://bucket/six", "ray.address=auto"]
    done = command(head, *there)
    assert done.returncode == 0, done.stdout + done.stderr
    alone = run("ablate.run", f"space={tmp_path / 'six.py'}", f"data={data}", f"out={tmp_path / 'out'}")
    assert alone.returncode == 0, alone.stdout + alone.stderr
    with mirror.folder("s3://bucket/six") as copy:
        for table in ("images", "epochs"):
            got, wanted = (
                rows(out, table).drop(columns=["model"], errors="ignore") for out in (copy, tmp_path / "out")
            )
            assert got.equals(wanted)
        assert {row["status"] for row in read_rows(copy, "trials").to_pylist()} == {"done"}
    begins = re.compile(f"{BEGINS}: [0-9]+ on (.*)")
    logs = [
        two.s3.open_input_file(f"bucket/six/logs/{file.name}").read().decode()
        for file in storage.listing("s3://bucket/six/logs")
    ]
    assert len(logs) == 6
    assert {begins.search(log)[1] for log in logs} == {node.name for node in two.nodes}

    assert "6 trials, 6 done, 0 to run" in command(head, *there).stdout
    again = command(head, *there, "rerun=changed")
    assert "6 trials, 6 done, 0 to run" in again.stdout, again.stdout


def test_a_password_reaches_the_nodes_and_lies_on_none_of_their_disks(two, store):
    head, _ = two.nodes
    endpoint = two.environment["AWS_ENDPOINT_URL"].removeprefix("http://")
    place = f"s3://key:n0b0dy-kn0ws@bucket/{{}}?endpoint_override={endpoint}&scheme=http&region=us-east-1"
    given = ["space=smoke", f"data={place.format('data')}", f"out={place.format('secret')}", "ray.address=auto"]
    # The nodes' own variables lead nowhere: what trials open is what the driver was given.
    done = command(head, *given, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, AWS_ENDPOINT_URL=None)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "n0b0dy-kn0ws" not in done.stdout + done.stderr
    for node in two.nodes:
        found = node.run("grep", "-rlaI", f"--exclude={Path(__file__).name}", "n0b0dy-kn0ws", "/tmp", "/root")
        assert (found.stdout, found.returncode) == ("", 1), found.stderr
    with mirror.folder("s3://bucket/secret") as results:
        assert {row["status"] for row in read_rows(results, "trials").to_pylist()} == {"done"}
        assert not [path for path in results.rglob("*") if path.is_file() and b"n0b0dy-kn0ws" in path.read_bytes()]


def test_a_job_joins_its_own_cluster(two, store):
    head, _ = two.nodes
    packages = " ".join(str(ROOT / name) for name in ("ablate", "datasets", "search_spaces"))
    assert head.run("bash", "-c", f"mkdir -p /root/work && cp -r {packages} /root/work").returncode == 0
    words = ["python", "-m", "ablate.run", "space=smoke", "where=augment=none", "data=s3://bucket/data"]
    submit = ["ray", "job", "submit", "--working-dir", "/root/work", "--", *words]
    done = head.run(*submit, "out=s3://bucket/job", RAY_ADDRESS=f"http://{head.ip}:8265")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 trial, 0 done, 1 to run" in done.stdout
    with mirror.folder("s3://bucket/job") as results:
        assert [row["status"] for row in read_rows(results, "trials").to_pylist()] == ["done"]
    lost = head.run(*submit, "out=results", RAY_ADDRESS=f"http://{head.ip}:8265")
    assert (
        "out=results lies in the job's own folder, which Ray removes: give a folder that stays, or s3://" in lost.stdout
    )
    assert "1 of 2 nodes cannot run these trials" in lost.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (["out=/root/results"], {}, r"1 of 2 nodes cannot run these trials: node node1 \(.*\): out=/root/results on"),
        (["data={data}"], {}, r"node node1 \(.*\): data=/root/data: it is not there; give a folder that all nodes see"),
        (["ray.address={ip}:6380"], {}, r"ray.address=.*:6380: no Ray answers there \(Connection refused\)"),
        (["ray.address={ip}:8265"], {}, "what answers there is no Ray of this version"),
        (["ray.address=ray://{ip}:10001"], {}, "Ray Client cannot be used; run the command on a node"),
        ([], {"RAY_AUTH_TOKEN": "0" * 64}, "the cluster wants a token, and that of the variable RAY_AUTH_TOKEN is not"),
        ([], {"RAY_AUTH_TOKEN": None}, "the cluster wants a token, and the file .*/auth_token holds none; copy the"),
        (["out=s3://no-such-bucket/x"], {}, "cannot .* s3://no-such-bucket/x.*: no such bucket"),
        (["trial_resources.cpu=2"], {}, "a trial runs on one node, and the largest has 1; give trial_resources.cpu=1"),
    ],
    ids=["out", "data", "port", "no Ray", "client", "token", "no token", "bucket", "cpu"],
)
def test_what_cannot_work_is_one_line_before_the_first_trial(two, data, arguments, environment, says):
    head, _ = two.nodes
    shutil.copytree(data, head.path("/root/data"), dirs_exist_ok=True)
    words = {"data": "/root/data", "ip": head.ip}
    given = ["space=smoke", "data=s3://bucket/data", "out=s3://bucket/refused", "ray.address=auto"]
    asked = {word.partition("=")[0]: word for word in (*given, *(one.format(**words) for one in arguments))}
    done = command(head, *asked.values(), **environment)
    assert done.returncode == 2, done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert re.search(says, done.stderr), done.stderr
    assert two.s3.get_file_info("bucket/refused/runs").type.name == "NotFound"


def test_data_is_prepared_on_a_cluster_only_where_all_hosts_see_its_folders(two):
    head, other = two.nodes
    raw_inputs.folder(head.path("/root/raw"))
    inputs = ["synthetic=/root/raw/synthetic", "photos=/root/raw/photos", "annotations=/root/raw/annotations.json"]
    words = [*inputs, "to=/root/made", "crop.size=48", "crop.min_side=20", "ray.address=auto"]
    done = head.run("python", "-m", "datasets.prepare", *words, cwd=ROOT)
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"to=/root/.made.building: node {other.name} ({other.ip}) does not see it; give folders that" in done.stderr
    assert not list(head.path("/root").glob("**/.seen-*"))
