"""Metrics: what is set while a trial takes a step, and that nothing comes of it when they fail."""

import time

import pytest
import ray
import requests

from ablate.config import RunConfig
from ablate.data import root
from ablate.data.manifest import read_manifest
from ablate.runner import cluster, plan
from ablate.runner.monitoring import Gauges, TrialMetrics
from ablate.spaces.space import Space

REPORT = {"epoch": 1, "rows": [{"train_loss": 0.5, "val_iou": None, "images_per_second": 30.0, "seconds": 2.0}]}


@pytest.fixture
def job(tiny_root, tmp_path):
    run = RunConfig(space="given")
    trials = plan.plan(run, Space(({},)), read_manifest(tiny_root))
    [found] = plan.jobs(run, root.at(str(tiny_root)), tmp_path / "résultats", trials, {"CPU": 1.0})
    return found


def test_a_metric_that_fails_is_told_once_and_raises_nothing(caplog):
    gauges = Gauges({"x": "A number"}, ("trial",))
    for value in ("no number", "no number either"):
        gauges.set({"x": value}, {"trial": "a"})
    [told] = caplog.records
    assert told.getMessage().startswith("no metrics from here: TypeError: ")


def test_an_exception_in_a_step_is_the_steps_own(job):
    def step():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        TrialMetrics(job).watched(step)


def test_without_ray_a_step_is_just_that(job):
    assert TrialMetrics(job).watched(lambda: REPORT) is REPORT


@pytest.mark.slow
def test_values_stay_as_long_as_a_step_takes_and_no_longer(job, monkeypatch, caplog):
    monkeypatch.setenv("RAY_metrics_report_interval_ms", "1000")  # two of them are how long Ray keeps a value

    def shown():
        [node] = ray.nodes()
        text = requests.get(f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics", timeout=10).text
        return {line.split("{")[0]: line.split()[-1] for line in text.splitlines() if line.startswith("ray_ablate_")}

    def until(condition):
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def long_step():
        until(shown)
        time.sleep(6)
        assert shown() == {"ray_ablate_epoch": "0.0", "ray_ablate_epochs": "2.0"}
        return REPORT

    try:
        cluster.connect(dashboard=False)
        TrialMetrics(job).watched(long_step)
        until(lambda: shown().get("ray_ablate_loss") == "0.5")
        assert "ray_ablate_val_iou" not in shown()
        until(lambda: not shown())
    finally:
        cluster.shutdown()
    assert not [record for record in caplog.records if record.name == "ablate.runner.monitoring"]
