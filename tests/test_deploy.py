"""The files of `deploy/`, as far as they can be checked without Docker, a cloud or Kubernetes."""

import fnmatch
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from ray.autoscaler._private.util import prepare_config, validate_config

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = {"ablate", "datasets", "search_spaces"}


def text_of(name):
    return (DEPLOY / name).read_text(encoding="utf-8")


def instructions(word):
    """The arguments of the container file's instructions of a kind, continued lines joined, comments left out."""
    text = re.sub(r"^ *#.*\n", "", text_of("Dockerfile"), flags=re.MULTILINE).replace("\\\n", "")
    return re.findall(rf"^{word} (.+)$", text, re.MULTILINE)


def extras(line):
    return set(re.findall(r"--extra (\w+)", line))


@pytest.fixture(params=["local", "aws"])
def ray_cluster(request):
    """The cluster file as it stands, and as its comment says for AWS."""
    text = text_of("ray-cluster.yaml")
    if request.param == "aws":
        text, local = re.subn(r"^provider:\n(?: .*\n)+", "", text, flags=re.MULTILINE)
        text, aws = re.subn(r"^# aws: ", "", text, flags=re.MULTILINE)
        assert local == 1
        assert aws > 1
    return yaml.safe_load(text)


@pytest.fixture
def job():
    found = yaml.safe_load(text_of("kuberay-rayjob.yaml"))
    assert (found["apiVersion"], found["kind"]) == ("ray.io/v1", "RayJob")
    return found["spec"]


@pytest.fixture
def nodes(job):
    """The groups of nodes of the job's cluster, the head first."""
    cluster = job["rayClusterSpec"]
    return [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]


def container(node):
    [found] = node["template"]["spec"]["containers"]
    return found


def test_every_file_is_in_the_documentation():
    pages = "".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("cluster.md", "monitoring.md"))
    files = [path.relative_to(ROOT) for path in DEPLOY.rglob("*") if path.is_file()]
    assert Path("deploy/Dockerfile") in files
    named = {file: {file.as_posix(), *(folder.as_posix() for folder in file.parents[:-2])} for file in files}
    told = set(re.findall(r"\bdeploy/[\w./-]*\w", pages))
    assert [file for file, names in named.items() if not names & told] == []


def test_ray_takes_its_cluster_file(ray_cluster):
    validate_config(prepare_config(ray_cluster))


def test_a_cluster_sends_what_its_environment_is_made_of(ray_cluster):
    mounts = ray_cluster["file_mounts"]
    ours = {there: here for there, here in mounts.items() if there.startswith("~/ablate/")}
    assert all(there == f"~/ablate/{here}" for there, here in ours.items())
    made = {"uv.lock"}  # git-ignored: `uv sync` makes it
    assert [here for here in ours.values() if here not in made and not (ROOT / here).exists()] == []
    assert PACKAGES | {"pyproject.toml", PROJECT["readme"], *PROJECT["license-files"], *made} == set(ours.values())
    assert mounts["~/.ray/auth_token"] == "~/.ray/auth_token"
    [setup] = ray_cluster["setup_commands"]
    assert extras(setup) <= PROJECT["optional-dependencies"].keys()


def test_every_ray_of_a_cluster_wants_a_token(ray_cluster):
    started = [
        line
        for key in ("head_start_ray_commands", "worker_start_ray_commands")
        for line in ray_cluster[key]
        if "ray start" in line
    ]
    assert len(started) == 2
    assert all("RAY_AUTH_MODE=token" in line for line in started)


def test_a_job_has_a_token_and_leaves_nothing_running(job):
    cluster = job["rayClusterSpec"]
    assert cluster["authOptions"] == {"mode": "token"}
    assert job["shutdownAfterJobFinishes"] is True
    [ray] = [Requirement(one) for one in PROJECT["dependencies"] if one.startswith("ray[")]
    assert cluster["rayVersion"] in ray.specifier
    assert job["entrypoint"].startswith("python -m ablate.run ")


def test_a_job_s_head_trains_nothing_and_alone_has_the_store_s_credentials(nodes):
    head, *workers = nodes
    assert head["rayStartParams"]["num-cpus"] == "0"
    assert [one["secretRef"]["name"] for one in container(head)["envFrom"]] == ["ablate-store"]
    assert workers
    assert not any("envFrom" in container(worker) for worker in workers)


def test_a_job_s_nodes_are_of_one_image_and_scraped_and_not_root(nodes):
    assert len({container(node)["image"] for node in nodes}) == 1
    for node in nodes:
        notes = node["template"]["metadata"]["annotations"]
        ports = {port["name"]: port["containerPort"] for port in container(node)["ports"]}
        assert notes["prometheus.io/scrape"] == "true"
        assert notes["prometheus.io/port"] == str(ports["metrics"])
        assert node["template"]["spec"]["securityContext"]["runAsNonRoot"] is True
        assert all(isinstance(value, str) for value in node["rayStartParams"].values())


def test_the_workers_of_a_job_are_all_there_from_the_beginning(job):
    for group in job["rayClusterSpec"]["workerGroupSpecs"]:
        assert group["replicas"] == group["minReplicas"] == group["maxReplicas"]


def test_the_image_has_what_the_project_declares_and_does_not_run_as_root():
    syncs = [line for line in instructions("RUN") if "uv sync" in line]
    assert ["--no-install-project" in line for line in syncs] == [True, False]  # libraries before the code
    assert {frozenset(extras(line)) for line in syncs} == {frozenset({"pretrained", "smp"})}
    assert {"pretrained", "smp"} <= PROJECT["optional-dependencies"].keys()
    assert instructions("USER")[-1] == "1000"
    stages = [line.split(" AS ")[1] for line in instructions("FROM")]
    assert stages == ["cpu", "cuda"]


def test_the_image_is_made_of_files_that_exist_and_that_docker_is_let_see():
    copied = {word for line in instructions("COPY") for word in line.split()[:-1]}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    there = set(tracked.splitlines()) or {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*")}
    optional = "uv.loc[k]"  # a pattern: the file may be missing
    assert optional in copied
    missing = [name for name in copied - {optional} if not any(fnmatch.fnmatch(one, f"{name}*") for one in there)]
    assert missing == []
    shown = {line.removeprefix("!") for line in text_of("Dockerfile.dockerignore").splitlines() if line.startswith("!")}
    assert shown == {re.sub(r"\[(\w)\]", r"\1", name.split("/")[0]) for name in copied}
    assert copied >= PACKAGES


def test_the_image_has_a_python_that_the_project_takes():
    [python] = [line.partition("=")[2] for line in instructions("ARG") if line.startswith("PYTHON=")]
    assert f"{python}.0" in Requirement(f"python{PROJECT['requires-python']}").specifier
