"""The files by which clusters are started."""

import re

import pytest
import yaml
from ray.autoscaler._private import util

from tests.command import ROOT

DEPLOY = ROOT / "deploy"


def test_ray_accepts_the_cluster_of_ray_up():
    config = util.prepare_config(yaml.safe_load((DEPLOY / "ray-cluster.yaml").read_text()))
    util.validate_config(config)
    commands = config["head_start_ray_commands"] + config["worker_start_ray_commands"]
    started = [command for command in commands if "ray start" in command]
    assert len(started) == 2
    assert all("RAY_AUTH_MODE=token" in command for command in started)
    for place in config["file_mounts"].values():
        assert place.startswith("~") or place == "uv.lock" or (ROOT / place).exists(), place


def test_the_job_on_kubernetes_has_a_token_a_safe_head_and_an_end():
    job = yaml.safe_load((DEPLOY / "kuberay-rayjob.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    spec, cluster = job["spec"], job["spec"]["rayClusterSpec"]
    assert spec["shutdownAfterJobFinishes"]
    assert spec["entrypoint"].startswith("python -m ablate.run ")
    assert cluster["authOptions"] == {"mode": "token"}
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"


def test_a_container_copies_what_is_there():
    copied = re.findall(r"^COPY (.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert {"ablate", "datasets", "search_spaces"} <= {*copied}
    for place in " ".join(copied).split():
        assert "[" in place or (ROOT / place).exists(), place  # uv.lock is made by uv


@pytest.mark.parametrize("name", [path.name for path in DEPLOY.iterdir()])
def test_every_file_is_explained(name):
    assert name in (ROOT / "docs/cluster.md").read_text() + (ROOT / "docs/monitoring.md").read_text()
