"""A run as a real Prometheus sees it: every panel of the dashboard has data, and what has ended disappears."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests import tiny_data
from tests.command import ROOT, start

pytestmark = pytest.mark.slow

TOKEN = "0123456789abcdef" * 4
DASHBOARD = json.loads((ROOT / "deploy/grafana/ablate.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = {panel["title"]: target["expr"] for panel in PANELS for target in panel["targets"]}
OF_GPUS = [title for title in EXPRESSIONS if "GPU" in title]
# The first trial takes seconds, since most pixels begin first; the other one, in the same process, as long as it may.
SHORT, LONG = "segnet-i2i-s1-image_size=384-epochs=1", "unet-crop-jitter-s0-image_size=16-epochs=570"
SPACE = """
from ablate.spaces.space import pinned

def space():
    long = pinned(model="unet", arm="crop", augment="jitter", seed=0, epochs=570, image_size=16)
    return long + pinned(model="segnet", arm="i2i", augment="none", seed=1, epochs=1, image_size=384)
"""


@dataclass
class Monitored:
    """A run under way, the Prometheus that watches it, and Ray's dashboard."""

    run: subprocess.Popen[bytes]
    prometheus: str
    space: Path
    out: Path
    log: Path

    def ask(self, path, **given):
        """What Prometheus answers; fails where it finds the query wrong."""
        answer = requests.get(f"{self.prometheus}/api/v1/{path}", params=given, timeout=10).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression):
        return self.ask("query", query=filled(expression))["result"]

    def actors(self):
        """Ray's, as the state API tells of them."""
        address = re.search(r"dashboard +(http://\S+)", self.log.read_text())[1]
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = requests.get(f"{address}/api/v0/actors?detail=1", headers=headers, timeout=10)
        return answer.json()["data"]["result"]["result"]

    def eventually(self, happened):
        """Waits until a question has another answer than none, and returns it."""
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(requests.ConnectionError):
                if answer := happened():
                    return answer
            assert self.run.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.5)


def filled(expression):
    """A panel's query with Grafana's variables replaced: everything, in the last minutes."""
    return re.sub(r"\$__range|\$(\w+)", lambda found: ".*" if found[1] else "5m", expression)


@pytest.fixture(scope="module")
def monitored(tmp_path_factory):
    if shutil.which("prometheus") is None:
        refuse = pytest.fail if os.environ.get("ABLATE_TEST_ALL") else pytest.skip
        refuse("needs prometheus: apt-get install prometheus")
    folder = tmp_path_factory.mktemp("metrics")
    (folder / "two.py").write_text(SPACE)
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        ray = stack.enter_context(tempfile.TemporaryDirectory(prefix="ablate-", dir="/tmp", ignore_cleanup_errors=True))
        patch.setenv("RAY_TMPDIR", ray)
        patch.setenv("RAY_AUTH_TOKEN", TOKEN)
        patch.setenv("RAY_metrics_report_interval_ms", "3000")
        keys = {"space": folder / "two.py", "data": tiny_data.write(folder / "root"), "out": folder / "results"}
        keys |= {"max_concurrent": 1, "trial.batch_size": 2}
        run = start("ablate.run", *(f"{key}={value}" for key, value in keys.items()), log=folder / "run.log")
        stack.callback(end, run)
        address = stack.enter_context(prometheus(folder, Path(ray) / "ray"))
        yield Monitored(run, address, keys["space"], keys["out"], folder / "run.log")


def end(run):
    run.send_signal(signal.SIGINT)
    try:
        run.wait(60)
    finally:
        run.kill()


@contextlib.contextmanager
def prometheus(folder, ray):
    """The repository's configuration, with another folder of Ray's, and as fast as Ray is told to report."""
    text = (ROOT / "deploy/prometheus.yml").read_text(encoding="utf-8")
    for given, wanted in {"[/tmp/ray/": f"[{ray}/", "scrape_interval: 10s": "scrape_interval: 1s"}.items():
        assert given in text
        text = text.replace(given, wanted)
    (folder / "prometheus.yml").write_text(text.replace("refresh_interval: 10s", "refresh_interval: 1s"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    files = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'stored'}"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            ["prometheus", *files, f"--web.listen-address={address}"], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait()


def test_the_dashboard_has_panels_of_trials_and_of_machines():
    assert {"Trials by state", "Validation IoU", "Training loss", "CPU", "Memory"} <= set(EXPRESSIONS)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert {panel["datasource"]["uid"] for panel in PANELS} == {"${datasource}"}


@pytest.mark.parametrize("title", [title for title in EXPRESSIONS if title not in OF_GPUS])
def test_a_panel_has_data(monitored, title):
    assert monitored.eventually(lambda: monitored.query(EXPRESSIONS[title]))


@pytest.mark.parametrize("title", OF_GPUS)
def test_a_panel_of_gpus_is_a_valid_query(monitored, title):
    monitored.eventually(lambda: monitored.ask("status/runtimeinfo"))
    monitored.query(EXPRESSIONS[title])


def test_series_say_which_trial_of_which_run_they_are_of(monitored):
    [shown] = monitored.eventually(lambda: monitored.query(f'ray_ablate_val_iou{{name="{LONG}"}}'))
    [run] = monitored.eventually(lambda: monitored.query('ray_ablate_trials{state="running"}'))
    assert {key: shown["metric"][key] for key in ("model", "arm", "augment", "seed", "out")} == {
        "model": "unet",
        "arm": "crop",
        "augment": "jitter",
        "seed": "0",
        "out": str(monitored.out),
    }
    assert (run["metric"]["space"], run["metric"]["out"]) == (str(monitored.space), str(monitored.out))
    assert run["metric"]["run"] == shown["metric"]["run"]
    [plan] = (json.loads(path.read_text()) for path in (monitored.out / "runs").glob("*.json"))
    assert shown["metric"]["trial"] in plan["trials"]


def test_a_trial_that_has_ended_disappears_though_its_process_goes_on(monitored):
    ended = f'ray_ablate_epoch{{name="{SHORT}"}}'
    monitored.eventually(lambda: monitored.query('ray_ablate_trials{state="done"} == 1'))
    [last] = monitored.eventually(lambda: monitored.query(f"max_over_time({ended}[5m]) == 1"))
    monitored.eventually(lambda: not monitored.query(ended))
    [now] = monitored.query(f'ray_ablate_epoch{{name="{LONG}"}}')
    assert now["metric"]["WorkerId"] == last["metric"]["WorkerId"]


def test_the_choices_of_the_dashboard_are_found(monitored):
    for variable in DASHBOARD["templating"]["list"][1:]:
        series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
        matched = {"match[]": filled(series)}
        assert monitored.eventually(lambda label=label, given=matched: monitored.ask(f"label/{label}/values", **given))


def test_processes_are_named_after_trials(monitored):
    processes = f'ray_component_rss_bytes{{Component="ray::{LONG}"}} > 0'
    assert monitored.eventually(lambda: monitored.query(processes))
    [actor] = monitored.actors()
    assert (actor["class_name"], actor["repr_name"]) == ("GridTrial", f"first trial: {SHORT}")
