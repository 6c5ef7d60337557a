"""`python -m benchmarks.runner [space=paper_grid] [epochs=1] [rounds=1]`: what running many trials costs.

The same trials on the demo, two at a time, each trained and scored and its rows written, by

- `python -m ablate.run`;
- a shell loop: a fresh process for each trial, `xargs -P 2`, which calls the same training without Ray;
- bare Ray Tune: a function for each trial, no process used twice.

Wall-clock and CPU seconds are of whole commands with all of their processes. The demo is decoded before. Every trial's
IoU on the validation images must be the same in all three. Further settings: data, where, concurrent.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import machine, settings

PRODUCT, SHELL, TUNE = "ablate.run", "shell loop", "bare Ray Tune"
_WORDS = [sys.executable, "-m", "benchmarks.runner"]


def one_trial(job: Path) -> None:
    """What a plain script does: trains and scores one trial and writes what it found beside the job."""
    import pandas as pd
    import torch

    from ablate.data import arrays
    from ablate.data.devices import prepare_process
    from ablate.data.root import at
    from ablate.identity import PlannedTrial
    from ablate.training import evaluate
    from ablate.training.loop import Training

    prepare_process(1)
    told = json.loads(job.read_text())
    config, data = PlannedTrial.model_validate(told["trial"]).config, at(told["data"])
    cpu = torch.device("cpu")
    train, val = (arrays.load(data, config.arm, split, config.image_size) for split in ("train", "val"))
    training = Training(config, train, val, cpu)
    while not training.finished:
        training.run_epoch()
    torch.save(training.network.state_dict(), job.with_suffix(".pt"))
    photographs = [arrays.load(data, "real", split, config.image_size) for split in ("test", "empty")]
    rows = [row for each in photographs for row in evaluate.score(training.network, each, config, cpu)]
    pd.DataFrame(rows).to_parquet(job.with_suffix(".parquet"))
    job.with_suffix(".result").write_text(json.dumps(training.rows[-1]["val_iou"]))


def tune_all(folder: Path, concurrent: int) -> None:
    """The jobs of a folder with Ray Tune as its documentation has it."""
    import ray
    from ray import tune

    def trainable(config: dict[str, str]) -> None:
        one_trial(Path(config["job"]))

    ray.init(num_cpus=concurrent, log_to_driver=False)
    jobs = [str(path) for path in sorted(folder.glob("*.json"))]
    run = tune.RunConfig(storage_path=str(folder / "tune"), verbose=0)
    resources = tune.with_resources(trainable, {"cpu": 1})
    results = tune.Tuner(resources, param_space={"job": tune.grid_search(jobs)}, run_config=run).fit()
    if results.errors:
        raise SystemExit(str(results.errors[0]))


class Grid:
    """The trials, and the three ways to run them; each gives the IoU of every trial, by its name."""

    def __init__(self, given: Mapping[str, str]) -> None:
        from ablate.config import RunConfig
        from ablate.runner.plan import plan
        from ablate.spaces.loader import load_space
        from ablate.spaces.space import Space
        from datasets import embedded

        self.concurrent = int(given.get("concurrent", 2))
        self.data = embedded.find(given.get("data", "demo"))
        fields = {"epochs": given.get("epochs", "1")}
        where = given.get("where")
        run = RunConfig(space=given.get("space", "paper_grid"), where=where, data=self.data.place, trial=fields)
        space = load_space(run.space)
        assert isinstance(space, Space)
        self.trials = plan(run, space, self.data.manifest)
        self._words = [f"space={run.space}", f"data={run.data}", f"trial.epochs={fields['epochs']}"]
        self._words += [f"where={where}"] if where else []

    def decode(self) -> None:
        """Leaves all arrays in the node's cache."""
        from ablate.data import arrays

        for config in {(trial.config.arm, trial.config.image_size): trial.config for trial in self.trials}.values():
            for arm, splits in ((config.arm, ("train", "val")), ("real", ("test", "empty"))):
                for split in splits:
                    arrays.load(self.data, arm, split, config.image_size)

    def with_product(self, folder: Path) -> tuple[machine.Measured, dict[str, float]]:
        from ablate.results.reader import read_rows

        words = [*self._words, f"out={folder}", f"max_concurrent={self.concurrent}", "trial_resources.gpu=0"]
        measured = machine.Measured([sys.executable, "-m", "ablate.run", *words], memory=False)
        return measured, {row["name"]: row["val_iou"] for row in read_rows(folder, "trials").to_pylist()}

    def with_shell(self, folder: Path) -> tuple[machine.Measured, dict[str, float]]:
        self._write_jobs(folder)
        loop = f'ls "$0"/*.json | xargs -P {self.concurrent} -n 1 "$@"'
        measured = machine.Measured(["bash", "-c", loop, str(folder), *_WORDS, "trial"], memory=False)
        return measured, self._results(folder)

    def with_tune(self, folder: Path) -> tuple[machine.Measured, dict[str, float]]:
        self._write_jobs(folder)
        measured = machine.Measured([*_WORDS, "tune", str(folder), str(self.concurrent)], memory=False)
        return measured, self._results(folder)

    def _write_jobs(self, folder: Path) -> None:
        for trial in self.trials:
            told = {"data": self.data.place, "trial": trial.model_dump(mode="json")}
            (folder / f"{trial.name}.json").write_text(json.dumps(told))

    def _results(self, folder: Path) -> dict[str, float]:
        return {trial.name: json.loads((folder / f"{trial.name}.result").read_text()) for trial in self.trials}


def main(given: Mapping[str, str]) -> None:
    before = machine.describe()
    os.environ["OMP_NUM_THREADS"] = "1"  # as Ray sets it for its workers
    grid = Grid(given)
    grid.decode()
    ways: dict[str, Callable[[Path], tuple[machine.Measured, dict[str, float]]]] = {
        PRODUCT: grid.with_product,
        SHELL: grid.with_shell,
        TUNE: grid.with_tune,
    }
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    scores: list[dict[str, float]] = []
    for number in range(int(given.get("rounds", 1))):
        for name in [*ways][:: -1 if number % 2 else 1]:
            with tempfile.TemporaryDirectory(prefix="ablate-benchmark-") as scratch:
                measured, score = ways[name](Path(scratch))
            rows[name].append({"seconds": measured.seconds, "cpu_seconds": measured.cpu_seconds})
            scores.append(score)
            print(f"{name:<14} {measured.seconds:6.1f} s, {measured.cpu_seconds:6.1f} CPU s", flush=True)
    same = all(score == scores[0] for score in scores)
    found: dict[str, Any] = {"trials": len(grid.trials), "runs": rows, "same_scores": same, "scores": scores[0]}
    for name in (SHELL, TUNE):
        for key in ("seconds", "cpu_seconds"):
            ratios = [one[key] / other[key] for one, other in zip(rows[PRODUCT], rows[name], strict=True)]
            found[f"{key}, {PRODUCT} over {name}"] = statistics.median(ratios)
            print(f"{key} of {PRODUCT} over those of {name}: {statistics.median(ratios):.3f}")
    print(f"{len(grid.trials)} trials; same IoU on the validation images: {same}")
    machine.save(Path(given.get("to", Path(__file__).parent / "results" / "runner.json")), before, found)
    if not same:
        raise SystemExit("the three ways have not trained the same networks")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["trial", job]:
            one_trial(Path(job))
        case ["tune", folder, concurrent]:
            tune_all(Path(folder), int(concurrent))
        case words:
            main(settings.given(__doc__, words))
