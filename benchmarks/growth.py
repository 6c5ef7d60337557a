"""`python -m benchmarks.growth [images=100,1000,10000] [trials=15,150,1500] [rows=10000,100000,1000000,10000000]`.

Does the time grow in step with the amount?

- images: small ones, decoded into the node's cache, and one epoch of training on them;
- trials: planned, written (200 photographs each), collected, and put into the report's tables, without any training;
- rows: of `images`, a grouped query over them, in files of 10,000.

For each the seconds, the seconds for one, and the exponent: the slope in logarithms over all amounts, and over the last
two, which decides: what is needed once hides growth at small amounts. Up to 1.1 is called linear. `parts=images,rows`
measures only these.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ablate.config import RunConfig
from ablate.data.manifest import Arm, Manifest
from ablate.report import print_tables
from ablate.results.reader import read_rows
from ablate.results.writer import parquet_bytes
from ablate.runner import plan as planning
from ablate.spaces.loader import load_space
from ablate.spaces.space import Space
from ablate.stats.collector import collect
from benchmarks import generated, machine, query, settings

LINEAR = 1.1
_ROWS_PER_FILE = 10_000

Seconds = dict[str, float]


def images(amount: int, folder: Path) -> Seconds:
    """Of decoding pictures of 32 px, and of an epoch of a narrow network on them."""
    import torch

    from ablate.config import TrialConfig
    from ablate.training.loop import Training
    from benchmarks import samples

    torch.set_num_threads(1)
    samples.write_shards(folder / "data", amount, size=32)
    os.environ["ABLATE_CACHE"] = str(folder / "cache")
    with _timed() as decoding:
        pictures = samples.decoded(folder / "data", size=32)
    config = TrialConfig(width=2, image_size=32, batch_size=8)
    training = Training(config, pictures, samples.nothing_of(pictures), torch.device("cpu"))
    with _timed() as epoch:
        training.run_epoch()
    return {"decoding": decoding(), "an epoch": epoch()}


def trials(amount: int, folder: Path) -> Seconds:
    """Of what is done for trials besides training them."""
    seeds = max(1, round(amount / len(generated.CELLS)))
    digest = "0" * 64
    arms = {name: Arm(digest=digest, counts={}, shards=[]) for name in ("full", "crop", "i2i", "real")}
    space = load_space("paper_grid")
    assert isinstance(space, Space)
    with _timed() as planned:
        planning.plan(RunConfig(space="paper_grid", seeds=seeds), space, Manifest(arms=arms))
    with _timed() as written:
        generated.generate(folder, amount, one_in=10)
    with _timed() as collected:
        collect(folder)
    with _timed() as reported, contextlib.redirect_stdout(io.StringIO()):
        print_tables(folder)
    return {"planning": planned(), "writing": written(), "collecting": collected(), "report": reported()}


def rows(amount: int, folder: Path) -> Seconds:
    """Of answering a grouped query, after a first one."""
    generated.generate(folder, 1)
    of_trial, mark = read_rows(folder, "images"), read_rows(folder, "trials")
    per_file = min(amount, _ROWS_PER_FILE)
    many = pa.concat_tables([of_trial] * (1 + per_file // len(of_trial))).slice(0, per_file)
    for number in range(amount // per_file):  # the first one replaces what was generated
        for table, content in (("images", many), ("trials", mark)):
            name = f"s{number:016x}"
            column, names = content.schema.get_field_index("trial"), pa.array([name] * len(content), pa.string())
            copy = content.set_column(column, content.schema.field(column), names)
            (folder / table / f"{name}.parquet").write_bytes(parquet_bytes(copy))
    query.answer(folder)
    seconds, _ = query.answer(folder)
    return {"a query": seconds}


PARTS: Mapping[str, tuple[Callable[[int, Path], Seconds], str]] = {
    "images": (images, "100,1000,10000"),
    "trials": (trials, "15,150,1500"),
    "rows": (rows, "10000,100000,1000000,10000000"),
}


@contextlib.contextmanager
def _timed() -> Iterator[Callable[[], float]]:
    """Gives what says, after the block, how many seconds it took."""
    began = time.perf_counter()
    ended: list[float] = []
    yield lambda: ended[0] - began
    ended.append(time.perf_counter())


def exponents(amounts: Sequence[int], seconds: Sequence[float]) -> tuple[float, float]:
    """The slope of log seconds over log amount: fitted to all, and between the last two."""
    x, y = np.log(amounts), np.log(seconds)
    return float(np.polyfit(x, y, 1)[0]), float((y[-1] - y[-2]) / (x[-1] - x[-2]))


def measure(part: str, amounts: Sequence[int]) -> dict[str, Any]:
    """A part at every amount, printed."""
    work, _ = PARTS[part]
    each: list[Seconds] = []
    for amount in amounts:
        with tempfile.TemporaryDirectory(prefix="ablate-benchmark-") as scratch:
            each.append(work(amount, Path(scratch)))
    found: dict[str, Any] = {"amounts": list(amounts)}
    for name in each[0]:
        seconds = [one[name] for one in each]
        fitted, last = exponents(amounts, seconds)
        verdict = "linear" if last <= LINEAR else "MORE THAN LINEAR"
        found[name] = {"seconds": seconds, "exponent": fitted, "exponent_of_last_two": last, "verdict": verdict}
        for amount, second in zip(amounts, seconds, strict=True):
            print(f"{part:<7} {name:<11} {amount:>10,}  {second:8.3f} s  {1e6 * second / amount:12,.1f} us each")
        print(f"{part:<7} {name:<11} exponent {fitted:.2f}, of the last two {last:.2f}: {verdict}", flush=True)
    return found


def measure_all(
    given: Mapping[str, str],
    parts: Mapping[str, tuple[object, str]],
    measured: Callable[[str, Sequence[int]], dict[str, Any]],
    to: str,
) -> None:
    """Measures the parts that were asked for, at the amounts that were, and writes what was found.

    Args:
        parts: what there is, each with its usual amounts; to: the usual name of the file.
    """
    before = machine.describe()
    found = {}
    for part in given.get("parts", ",".join(parts)).split(","):
        amounts = [int(word) for word in given.get(part, parts[part][1]).split(",")]
        found[part] = measured(part, amounts)
    machine.save(Path(given.get("to", Path(__file__).parent / "results" / to)), before, found)


def main(given: Mapping[str, str]) -> None:
    measure_all(given, PARTS, measure, "growth.json")


if __name__ == "__main__":
    main(settings.given(__doc__))
