"""`python -m benchmarks.scale [planning=1000,10000,100000] [trials=100,1000] [results=1000,3000,10000]`.

What runs of very many trials take besides their training:

- planning: a space of so many trials, half of which are finished in `out`: `python -m ablate.run dry_run=true`, whole
  command, its list of trials included. First with the commit marks alone, as after a driver that was killed, then with
  their index, which every run's end leaves;
- trials: trained by `python -m ablate.run`, with next to nothing to train, from the command to the tables; beside it,
  Ray Tune with trials that do nothing;
- results: on the paper's 2,003 photographs, generated, three seeds of each setting: `locations.parquet` made, made
  again after one more trial, and `python -m ablate.report`.

Time, memory of all processes together (PSS), and the exponent: the slope in logarithms over the last two amounts.
Further settings: parts=planning,trials, scratch=DIR (for files; a temporary folder), to=FILE.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate.config import RunConfig
from ablate.data import root
from ablate.data.manifest import Arm, Manifest, write_manifest
from ablate.data.root import Data
from ablate.runner import plan as planner
from ablate.runner.commit import commit
from ablate.runner.cores import usable_cores
from ablate.runner.plan import TrainingJob
from ablate.spaces.loader import load_space
from ablate.spaces.space import Space
from ablate.stats.collector import collect
from benchmarks import _no_work, machine, settings
from benchmarks.generated import generate
from benchmarks.growth import exponents, measure_all

Figures = dict[str, dict[str, float]]  # of each step, by its name

_COLLECT = "import sys, pathlib; from ablate.stats.collector import collect; collect(pathlib.Path(sys.argv[1]))"
_ARMS = ("crop", "i2i", "real")
_SPACE = """
from ablate.spaces.space import product

def space():
    cells = product(model=["unet", "segnet"], arm=["crop", "i2i"], augment=["none", "jitter"])
    rates = product(learning_rate=[1e-5 * (1 + number) for number in range({rates})], batch_size=[2, 4, 8, 16, 32])
    return cells * rates.repeat({seeds})
"""


def planning(amount: int, folder: Path) -> Figures:
    """Of planning so many trials, every second of which is done."""
    data, space, out = folder / "data", folder / "space.py", folder / "out"
    arms = {name: Arm(digest=f"{number:064x}", counts={"train": 1000}, shards=[]) for number, name in enumerate(_ARMS)}
    write_manifest(data, Manifest(arms=arms))
    space.write_text(_SPACE.format(rates=max(1, amount // 4000), seeds=min(100, amount // 40)))
    finish(RunConfig(space=str(space)), root.at(str(data)), out)
    command = [sys.executable, "-m", "ablate.run", f"space={space}", f"data={data}", f"out={out}", "dry_run=true"]
    first = machine.Measured(command)
    collect(out)
    return {"by marks alone": figures(first), "planning": figures(machine.Measured(command))}


def finish(run: RunConfig, data: Data, out: Path) -> None:
    """Commits every second trial of a run, as the processes that train do."""
    space = load_space(run.space)
    assert isinstance(space, Space)
    trials = planner.plan(run, space, data.manifest)
    with multiprocessing.Pool(usable_cores()) as pool:
        for _ in pool.imap_unordered(_finished, planner.jobs(run, data, out, trials[::2], {"CPU": 1.0}), chunksize=100):
            pass


def _finished(job: TrainingJob) -> None:
    seconds = {"train_seconds": 60.0, "score_seconds": 1.0}
    code = {"code_digest": job.trials[0].code, "score_code": job.trials[0].code}
    for trial in job.trials:
        commit(job, trial, {"status": "done", "val_iou": 0.5, "epoch": 20} | seconds | code)


def trials(amount: int, folder: Path) -> Figures:
    """Of trials with next to nothing to do."""
    out, done = folder / "out", folder / "done"
    words = [*_no_work.write(folder, amount), f"out={out}"]
    run = _no_work.Watched([sys.executable, "-m", "ablate.run", *words], lambda: count(out / "trials"))
    floor = _no_work.Watched(
        [sys.executable, "-m", "benchmarks._no_work", str(amount), str(done)],
        lambda: done.stat().st_size if done.exists() else 0,
    )
    return {"ablate.run": run.figures(), "Ray Tune": floor.figures()}


def results(amount: int, folder: Path) -> Figures:
    """Of making tables of the results of so many trials."""
    out = folder / "out"
    generate(out, amount, seeds=3)
    collecting = [sys.executable, "-c", _COLLECT, str(out)]
    first = machine.Measured(collecting)
    os.utime(next((out / "trials").iterdir()))  # as if it had been scored anew
    again = machine.Measured(collecting)
    report = machine.Measured([sys.executable, "-m", "ablate.report", f"out={out}"])
    return {"collecting": figures(first), "one more": figures(again), "report": figures(report)}


def count(folder: Path) -> int:
    """How many files a folder has, which may not be there yet."""
    return sum(not entry.name.startswith(".") for entry in os.scandir(folder)) if folder.exists() else 0


def figures(command: machine.Measured) -> dict[str, float]:
    """What a command took."""
    return {"seconds": command.seconds, "cpu_seconds": command.cpu_seconds, "peak_mb": command.peak_mb}


PARTS: Mapping[str, tuple[Callable[[int, Path], Figures], str]] = {
    "planning": (planning, "1000,10000,100000"),
    "trials": (trials, "100,1000"),
    "results": (results, "1000,3000,10000"),
}


def measure(part: str, amounts: Sequence[int], scratch: str | None) -> dict[str, Any]:
    """A part at every amount, printed."""
    work, _ = PARTS[part]
    found: dict[str, Any] = {"amounts": list(amounts)}
    for amount in amounts:
        with tempfile.TemporaryDirectory(prefix="ablate-benchmark-", dir=scratch) as folder:
            for step, told in work(amount, Path(folder)).items():
                for name, value in told.items():
                    found.setdefault(step, {}).setdefault(name, []).append(value)
                print(f"{step}, {amount:,} trials: {', '.join(f'{name} {value:.4g}' for name, value in told.items())}")
    for step, told in found.items():
        if step != "amounts" and len(amounts) > 1:
            told["exponent_of_last_two"] = exponents(amounts, told["seconds"])[1]
            print(f"{step}: exponent {told['exponent_of_last_two']:.2f}", flush=True)
    return found


def main(given: Mapping[str, str]) -> None:
    measure_all(given, PARTS, lambda part, amounts: measure(part, amounts, given.get("scratch")), "scale.json")


if __name__ == "__main__":
    main(settings.given(__doc__))
