"""Trials with next to nothing to do: one picture of 16 px, a network of one layer, one epoch; and, as a floor, trials
of Ray Tune that do nothing at all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from ablate.data.manifest import REAL, Manifest, write_manifest
from ablate.data.shards import Sample, ShardWriter, joined
from benchmarks import machine, samples

_SIDE = 16
_NETWORK = '''"""One layer."""

from torch import nn


def build():
    return nn.Conv2d(3, 1, 3, padding=1)
'''
_SPACE = '''"""One network with so many seeds."""

from ablate.spaces.space import product


def space():
    return product(seed=range({trials}))
'''


def write(folder: Path, trials: int) -> list[str]:
    """Writes data, network and space into a folder; returns the arguments of a run of them, without `out=`."""
    arms = {}
    for arm, splits in (("crop", ("train", "val")), (REAL, ("test",))):
        written = []
        for split in splits:
            with ShardWriter(folder / "data", arm, split, 0) as writer:
                writer.add(_sample(split, arm == REAL))
            assert writer.written is not None
            written.append(writer.written)
        arms[arm] = joined(written)
    write_manifest(folder / "data", Manifest(arms=arms))
    (folder / "one_layer.py").write_text(_NETWORK)
    (folder / "seeds.py").write_text(_SPACE.format(trials=trials))
    fields = {"model": folder / "one_layer.py", "image_size": 8, "epochs": 1, "batch_size": 1}
    words = [f"space={folder / 'seeds.py'}", f"data={folder / 'data'}", "trial_resources.gpu=0"]
    return [*words, *(f"trial.{field}={value}" for field, value in fields.items())]


def _sample(key: str, real: bool) -> Sample:
    image_jpg, mask_png = samples.encoded(0, _SIDE)
    box = {"box": [2.0, 2.0, 12.0, 12.0], "category": "deer"}
    photograph = {"image_id": key, "location": "1", "seq_id": "1", "frame_num": 1, "boxes": [box]}
    photograph |= {"captured_at": "2015-06-01T12:00:00", "width": _SIDE, "height": _SIDE}
    training = {"source": key, "window": None, "boxes": [], "translator": None}
    return Sample(key, image_jpg, mask_png, photograph if real else training)


class Watched:
    """A command that works through trials, run to its end.

    Attributes:
        command: what it took as a whole.
        moments: (seconds since the start, trials that were done, resident memory of its first process in MB), five
            times a second.
    """

    def __init__(self, command: list[str], done: Callable[[], int]) -> None:
        self.moments: list[tuple[float, int, float]] = []

        def watch(seconds: float, pid: int) -> None:
            if memory := resident_mb(pid):
                self.moments.append((seconds, done(), memory))

        self.command = machine.Measured(command, memory=False, watch_too=watch)

    def pace(self, begin: float, end: float) -> float:
        """Seconds a trial between two shares of the trials; the first one needs the start too."""
        count = max(done for _, done, _ in self.moments)
        first, last = (next(one for one in self.moments if one[1] >= max(1, count * at)) for at in (begin, end))
        return (last[0] - first[0]) / max(1, last[1] - first[1])

    def figures(self) -> dict[str, float]:
        """What the whole took, and how it went on."""
        started = next(seconds for seconds, done, _ in self.moments if done)
        memory = [mb for _, done, mb in self.moments if done]
        took = {"seconds": self.command.seconds, "cpu_seconds": self.command.cpu_seconds, "until_first": started}
        paces = {"first_tenth_each": self.pace(0, 0.1), "last_tenth_each": self.pace(0.9, 1), "each": self.pace(0, 1)}
        return (
            took | paces | {"driver_mb_first": memory[0], "driver_mb_last": memory[-1], "driver_mb_most": max(memory)}
        )


def resident_mb(pid: int) -> float:
    """Resident memory of a process; 0 where there is none any more."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def run_empty(trials: int, done: Path) -> None:
    """The floor: as many trials of Ray Tune that do nothing, on as many cores; each appends a byte to a file."""
    import ray
    from ray import tune

    from ablate.runner.cores import usable_cores

    class Empty(tune.Trainable):  # type: ignore[misc]
        def step(self) -> dict[str, bool]:
            with done.open("ab") as file:
                file.write(b".")
            return {"done": True}

        def reset_config(self, new_config: object) -> bool:
            return True

        def save_checkpoint(self, checkpoint_dir: str) -> None: ...

        def load_checkpoint(self, checkpoint: object) -> None: ...

    ray.init(num_cpus=usable_cores(), include_dashboard=False, log_to_driver=False)
    run = tune.RunConfig(storage_path=str(done.parent / "tune"), verbose=0)
    space = {"number": tune.grid_search([*range(trials)])}
    resources = tune.with_resources(Empty, {"cpu": 1})
    results = tune.Tuner(
        resources, param_space=space, run_config=run, tune_config=tune.TuneConfig(reuse_actors=True)
    ).fit()
    if results.errors:
        raise SystemExit(str(results.errors[0]))


if __name__ == "__main__":
    run_empty(int(sys.argv[1]), Path(sys.argv[2]))
