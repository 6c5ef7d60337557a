"""The measurements, in the order in which they are made; each runs in a process of its own, under a time limit."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from ablate.config import Execution
from ablate.runner import process_state
from ablate.training import checkpoint, evaluate
from ablate.training.loop import Training
from benchmarks import machine
from benchmarks.gpu import floors
from benchmarks.gpu.bench import WARM, Bench, read

INGREDIENTS: Mapping[str, Mapping[str, object]] = {
    "tuned": {"freeze_norm": True, "encoder_rate": 0.1, "augment": "jitter"},
    "frozen": {"freeze_encoder": True, "augment": "jitter"},
    "frozen, features": {"freeze_encoder": True},
    "vision transformer": {"encoder": "vit_small_patch16_dinov3", "freeze_encoder": True, "augment": "jitter"},
    "shapes and colours": {"geometric": 1.0, "photometric": 1.0, "standardise": True},
    "frequencies": {"pasta": 3.0, "fda": 0.02},
    "paste": {"paste": 0.5},
    "mean teacher": {"adapt": "mean_teacher", "ema": 0.99},
}


@dataclass(frozen=True)
class Part:
    """A measurement, and the seconds after which it is cut off: what it has found by then is kept."""

    run: Callable[[Bench], None]
    seconds: int


def versions(bench: Bench) -> None:
    """What it runs on, and the two rates by which the floors are computed."""
    about = machine.describe() | {"torch": torch.__version__}
    if bench.on_gpu:
        about |= {"card": torch.cuda.get_device_name(), "cuda": torch.version.cuda}
    bench.note("versions", "machine", about)
    side, elements = (8192, 2**30) if bench.on_gpu else (256, 2**20)
    a, b = (torch.randn(side, side, device=bench.device, dtype=torch.bfloat16) for _ in range(2))
    source = torch.empty(elements, device=bench.device, dtype=torch.uint8)
    target = torch.empty_like(source)

    def repeated(work: Callable[[], object]) -> Callable[[int], object]:
        return lambda count: [work() for _ in range(count)]

    found = bench.race({"product": repeated(lambda: torch.mm(a, b)), "copy": repeated(lambda: target.copy_(source))})
    bench.note("versions", "product, TFLOP/s", round(2 * side**3 / found["product"] / 1e9, 1))
    bench.note("versions", "copy, TB/s", round(2 * elements / found["copy"] / 1e9, 3))


def waiting(bench: Bench) -> None:
    """30 steps in which the host must not wait for the device, of each way and each network, with jitter."""
    waits: list[str] = []
    # Compiled last, which takes long and fills the compiler's cache for what follows.
    for execution in bench.executions:
        for network in bench.networks:
            found = bench.waits(bench.training(network, execution, augment="jitter"))
            waits += [] if found == "never" else [f"{network}, {execution}"]
            bench.note("waiting", f"{network}, {execution}", found)
    if waits:
        raise SystemExit(f"the host waits for the device: {', '.join(waits)}")


def steps(bench: Bench) -> None:
    """Milliseconds of a step in each way, in turns; how much faster than eager; and the share of the floor."""
    for fast in bench.executions[1:] or bench.executions:  # compiled last: if time runs out, the others are there
        for network in bench.networks:
            for augment in ("none", "jitter"):
                bench.note("step", f"{network}, {augment}, {fast}", _against_eager(bench, network, augment, fast))


def _against_eager(bench: Bench, network: str, augment: str, fast: Execution) -> dict[str, float]:
    found, works = {}, {}
    for how in dict.fromkeys(("eager", fast)):
        before = torch.cuda.memory_allocated() if bench.on_gpu else 0
        process_state.reset_peak(bench.device)
        works[how] = _steps(bench, bench.training(network, how, augment=augment))
        works[how](WARM)
        found[f"{how}, peak_mb"] = round(process_state.peak(bench.device) - before / 2**20)
    found |= bench.race(works)
    found["times_eager"] = round(found["eager"] / found[fast], 3)
    if bench.on_gpu:
        rates = read(bench.to).get("versions", {})
        floor = floors.milliseconds(network, rates["product, TFLOP/s"], rates["copy, TB/s"])
        found |= {"floor_ms": round(floor, 2), "share_of_floor": round(floor / found[fast], 3)}
    return found


def _steps(bench: Bench, training: Training) -> Callable[[int], object]:
    return lambda count: bench.take_steps(training, count)


def switches(bench: Bench) -> None:
    """What torch's switches cost a step: filled memory, determinism, benchmarked convolutions."""
    ways = {"ours": (False, True, False), "filled": (True, True, False), "free": (False, False, False)}
    for network in bench.networks:
        found = {}
        for name, (filled, deterministic, tried) in (ways | {"free, benchmarked": (False, False, True)}).items():
            torch.utils.deterministic.fill_uninitialized_memory = filled
            torch.use_deterministic_algorithms(deterministic, warn_only=True)
            torch.backends.cudnn.benchmark = tried
            found |= bench.race({name: _steps(bench, bench.training(network, bench.recorded))})
        bench.note("switches", network, found)


def curves(bench: Bench) -> None:
    """Losses and validation IoU of three epochs in each way: they differ by rounding alone."""
    for network in bench.networks:
        for execution in bench.executions:
            training = bench.training(network, execution, augment="jitter", epochs=3)
            rows = [training.run_epoch() for _ in range(3)]
            bench.note("curves", f"{network}, {execution}", [(row["train_loss"], row["val_iou"]) for row in rows])


def resuming(bench: Bench) -> None:
    """Two epochs in one go against one, a checkpoint and another: equal weights, and the pace afterwards."""
    for network in bench.networks:
        how = bench.recorded
        whole, first, second = (bench.training(network, how, augment="jitter", epochs=2) for _ in range(3))
        whole.run_epoch()
        first.run_epoch()
        with tempfile.TemporaryDirectory() as folder:
            saver, began = checkpoint.Saver(), time.perf_counter()
            saver.save(Path(folder), "t", "code", first)
            held = time.perf_counter() - began
            saver.wait()
            seconds = time.perf_counter() - began
            assert checkpoint.restore(Path(folder), "t", "code", second) == (1, "code")
        whole.run_epoch()
        second.run_epoch()
        about: dict[str, object] = {"equal": _same(whole, second), "held_s": round(held, 3), "s": round(seconds, 3)}
        about |= {f"ms {name}": ms for name, ms in _pace(bench, {"whole": whole, "resumed": second}).items()}
        bench.note("resuming", network, about)


def _same(one: Training, other: Training) -> bool:
    pairs = zip(one.network.state_dict().values(), other.network.state_dict().values(), strict=True)
    return all(torch.equal(left, right) for left, right in pairs)


def _pace(bench: Bench, trainings: Mapping[str, Training]) -> dict[str, float]:
    return bench.race({name: _steps(bench, one) for name, one in trainings.items()})


def scoring(bench: Bench) -> None:
    """Photographs a second, from the network to the row; and validation, images a second."""
    for network in bench.networks:
        training, photographs = bench.training(network), bench.pictures(bench.images)
        on_device = photographs.to(bench.device)
        work = {
            "score": lambda count, t=training, p=on_device: [
                evaluate.score(t.network, p, t.config, bench.device) for _ in range(count)
            ],
            "network": lambda count, t=training, p=on_device: [
                list(evaluate.probabilities(t.network, p, t.config, bench.device)) for _ in range(count)
            ],
        }
        found = {name: round(1000 * len(photographs) / ms, 1) for name, ms in bench.race(work).items()}
        bench.note("scoring", network, found)


def two_in_turn(bench: Bench) -> None:
    """Two trainings after each other in one process: the second is as fast, and the first has left no memory."""
    found: dict[str, object] = {}
    for number in ("first", "second"):
        training = bench.training(bench.networks[0], bench.recorded)
        found[f"{number}, ms"] = _pace(bench, {number: training})[number]
        del training
        process_state.free(bench.device)
        if bench.on_gpu:
            found[f"{number}, left_mb"] = round(torch.cuda.memory_reserved() / 2**20)
    bench.note("two_in_turn", bench.networks[0], found)


def packing(bench: Bench) -> None:
    """Steps a second of all together, of one, two and four processes on the card."""
    for network in bench.networks:
        found = {}
        for count in (1, 2, 4):
            words = ["part=packed", f"networks={network}", *_same_setting(bench)]
            command = [sys.executable, "-m", "benchmarks.gpu", *words]
            processes = [subprocess.Popen([*command, f"to={bench.to}.{n}"]) for n in range(count)]
            statuses = [process.wait() for process in processes]  # of all, before the next ones begin
            if any(statuses):
                found[str(count)] = None
                continue
            results = [Path(f"{bench.to}.{n}") for n in range(count)]
            found[str(count)] = round(sum(1000 / read(path)["packed"][network] for path in results), 2)
            for path in results:
                path.unlink()
        bench.note("packing", network, found)


def packed(bench: Bench) -> None:
    """The pace of one of several processes; started by `packing`."""
    network = bench.networks[0]
    how = bench.recorded
    bench.note("packed", network, _pace(bench, {how: bench.training(network, how)})[how])


def _same_setting(bench: Bench) -> list[str]:
    setting = {"size": bench.size, "width": bench.width, "steps": bench.steps, "images": bench.images}
    return [f"{key}={value}" for key, value in (setting | {"device": bench.device}).items()]


def ingredients(bench: Bench) -> None:
    """Encoders and recipes: whether the host waits in their steps, and milliseconds of a step, frozen against tuned."""
    waits = []
    for name, fields in INGREDIENTS.items():
        found = bench.waits(bench.training("unet_timm", bench.recorded, **fields))
        waits += [] if found == "never" else [name]
        bench.note("ingredients", name, found)
    ways = {name: INGREDIENTS[name] for name in ("tuned", "frozen", "frozen, features")}
    works = {name: _steps(bench, bench.training("unet_timm", bench.recorded, **ways[name])) for name in ways}
    bench.note("ingredients", "ms", bench.race(works))
    if waits:
        raise SystemExit(f"the host waits for the device: {', '.join(waits)}")


def translation(bench: Bench) -> None:
    """The learned translator: a step of its training, and a translation."""
    from benchmarks import translate

    batch = 4 if bench.on_gpu else 1
    figures = translate.measured(bench.device, 10 if bench.on_gpu else 1, batch, small=not bench.on_gpu)
    for name, found in figures.items():
        bench.note("translation", name, found)


def renders(bench: Bench) -> None:
    """Seconds of a rendered picture on the processor and on the card: of the first of a place, and of a further one."""
    try:
        importlib.import_module("mitsuba")
    except ImportError:
        bench.note("renders", "left out", "mitsuba is not installed")
        return
    sizes = {"256x192": 6, "1024x768": 16} if bench.on_gpu else {"64x48": 1}
    wrong = []
    for size, samples in sizes.items():
        for device in ("cpu", "gpu") if bench.on_gpu else ("cpu",):
            # A process has one variant of the renderer.
            command = [sys.executable, "-m", "benchmarks.gpu.rendering", device, size, str(samples)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            name = f"{size}, {samples} samples, {device}"
            if done.returncode:
                wrong.append(name)
                bench.note("renders", name, {"failed": done.stderr.strip().splitlines()[-1:]})
            else:
                bench.note("renders", name, {"seconds": [float(word) for word in done.stdout.split()]})
    if wrong:
        raise SystemExit(f"nothing is rendered: {'; '.join(wrong)}")


def ray_slice(bench: Bench) -> None:
    """A part of the grid through Ray, as a user starts it, on the demo."""
    with tempfile.TemporaryDirectory() as out:
        began = time.perf_counter()
        where, epochs = ("model=unet", 2) if bench.on_gpu else ("model=unet arm=full", 1)
        words = ["space=paper_grid", f"where={where}", f"out={out}/results", f"trial.epochs={epochs}"]
        done = subprocess.run([sys.executable, "-m", "ablate.run", *words], check=False)
        found = {"status": done.returncode, "seconds": round(time.perf_counter() - began, 1)}
        bench.note("ray", f"{where}, epochs: {epochs}", found)
        if done.returncode:
            raise SystemExit(f"ablate.run ended with status {done.returncode}")


PARTS: Mapping[str, Part] = {
    "versions": Part(versions, 30),
    "waiting": Part(waiting, 120),
    "step": Part(steps, 120),
    "curves": Part(curves, 60),
    "scoring": Part(scoring, 30),
    "resuming": Part(resuming, 45),
    "two_in_turn": Part(two_in_turn, 20),
    "ingredients": Part(ingredients, 60),
    "packing": Part(packing, 60),
    "translation": Part(translation, 30),
    "renders": Part(renders, 90),
    "ray": Part(ray_slice, 60),
    "switches": Part(switches, 45),
}
INNER: Mapping[str, Part] = {"packed": Part(packed, 60)}
