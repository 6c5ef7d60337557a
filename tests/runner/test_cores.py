"""Cores under the quotas of both versions of control groups, in folders that imitate them."""

import os
import subprocess
import sys

import pytest

from ablate.runner.cores import usable_cores

V1 = "5:cpuset:/docker/1f\n4:cpu,cpuacct:/docker/1f\n0::/docker/1f"


@pytest.fixture(autouse=True)
def _64_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)))


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


@pytest.mark.parametrize(
    ("groups", "quotas", "cores"),
    [
        pytest.param("0::/", {"cpu.max": "400000 100000"}, 4, id="v2"),
        pytest.param("0::/", {"cpu.max": "350000 100000"}, 3, id="v2, rounded down"),
        pytest.param("0::/", {"cpu.max": "20000 100000"}, 1, id="v2, less than one"),
        pytest.param("0::/", {"cpu.max": "9900000 100000"}, 64, id="v2, more than there are"),
        pytest.param("0::/", {"cpu.max": "max 100000"}, 64, id="v2, no limit"),
        pytest.param("0::/pod/one", {"pod/one/cpu.max": "800000 100000", "cpu.max": "max 100000"}, 8, id="v2, nested"),
        pytest.param(
            "0::/pod/one/step",
            {"pod/one/step/cpu.max": "max 100000", "pod/one/cpu.max": "600000 100000", "pod/cpu.max": "100000 50000"},
            2,
            id="v2, the smallest is an ancestor's",
        ),
        pytest.param("0::/pod/one", {"pod/other/cpu.max": "100000 100000"}, 64, id="v2, another's"),
        pytest.param("0::/../other", {"cpu.max": "400000 100000"}, 4, id="v2, outside of what is mounted"),
        pytest.param(
            V1,
            {"cpu/docker/1f/cpu.cfs_quota_us": "250000", "cpu/docker/1f/cpu.cfs_period_us": "50000"},
            5,
            id="v1",
        ),
        pytest.param(
            V1,
            {"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"},
            3,
            id="v1, the host's path",
        ),
        pytest.param(V1, {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 64, id="v1, no limit"),
        pytest.param(V1, {"cpu/cpu.cfs_quota_us": "300000"}, 64, id="v1, without its period"),
        pytest.param("0::/", {}, 64, id="no files"),
    ],
)
def test_cores_are_those_of_the_smallest_quota(tmp_path, groups, quotas, cores):
    write(tmp_path / "proc/self/cgroup", groups)
    for name, text in quotas.items():
        write(tmp_path / "sys/fs/cgroup" / name, text)
    assert usable_cores(tmp_path) == cores


def test_without_control_groups_there_is_no_quota(tmp_path):
    assert usable_cores(tmp_path) == 64


def test_what_cannot_be_read_is_no_quota(tmp_path):
    write(tmp_path / "proc/self/cgroup", "0::/")
    (tmp_path / "sys/fs/cgroup/cpu.max").mkdir(parents=True)
    assert usable_cores(tmp_path) == 64


def test_a_process_that_is_bound_to_one_core_has_one():
    bound = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    code = bound + "from ablate.runner.cores import usable_cores; print(usable_cores())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "1\n"
