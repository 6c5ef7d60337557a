"""What a person sees while trials run: a live board in a terminal, plain lines everywhere else."""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ablate import interruption
from ablate.runner.monitoring import RunMetrics
from ablate.runner.plan import TrainingJob

_QUIET_SECONDS = 15.0  # between two plain status lines
# From when on it is said that nothing was heard of a trial: its node may be cut off.
_SILENT_SECONDS, _SILENT_EPOCHS = 20.0, 3


@dataclass
class _Entry:
    """A job as the board knows it."""

    model: str
    epochs: int
    code: str  # digest of what the run was planned with
    other_code: bool = False  # lies where the trial runs
    notice: str | None = None  # of where it began
    started: float | None = None
    heard: float | None = None  # when it has last reported anything
    epoch: int = 0
    val_iou: float | None = None
    images_per_second: float | None = None
    epoch_seconds: list[float] = field(default_factory=list)
    failed: str | None = None
    done: bool = False


class Board:
    """Collects what the trials report and shows it; thread-safe, and its feeding methods never raise for I/O."""

    def __init__(
        self,
        jobs: Sequence[TrainingJob],
        console: Console,
        total: int | None = None,
        metrics: RunMetrics | None = None,
    ) -> None:
        """Args: total: of the jobs, where more are going to be added; metrics: that are to be kept up to date."""
        self._console, self._metrics = console, metrics
        self._total = len(jobs) if total is None else total
        self._entries: dict[str, _Entry] = {}
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._news: list[tuple[str, bool]] = []  # a line, and whether a terminal, which shows the board, wants it too
        self._thread = threading.Thread(target=self._show, daemon=True)
        for job in jobs:
            self.add(job)

    def __enter__(self) -> Board:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join()

    def add(self, job: TrainingJob) -> None:
        """Takes in a job that is going to start."""
        with self._lock:
            first = job.trials[0]
            self._entries[job.name] = _Entry(first.config.model, first.config.epochs, first.code)

    def skip(self, line: str) -> None:
        """Says why there is a job less than was expected."""
        with self._lock:
            self._total -= 1
            self._news.append((line, True))

    def started(self, name: str) -> None:
        with self._lock:
            entry = self._entries[name]
            if entry.started is None:
                entry.started = entry.heard = time.monotonic()
                self._news.append((f"{name}  started", False))

    def reported(self, name: str, result: Mapping[str, object]) -> None:
        """Takes in what a trial reported after an epoch (`ablate.runner.job_worker`), or that it failed."""
        with self._lock:
            entry = self._entries[name]
            entry.heard = time.monotonic()
            if isinstance(seconds := result.get("seconds"), float) and result.get("epoch") != entry.epoch:
                entry.epoch_seconds.append(seconds)
            entry.epoch = int(str(result.get("epoch", entry.epoch)))
            entry.val_iou = _number(result.get("val_iou"), entry.val_iou)
            entry.images_per_second = _number(result.get("images_per_second"), entry.images_per_second)
            if (notice := result.get("notice")) is not None and notice != entry.notice:
                entry.notice = str(notice)
                self._news.append((f"{name}  {notice}", True))
            if result.get("code_digest") not in {None, entry.code} and not entry.other_code:
                entry.other_code = True
                self._news.append((f"{name}  runs other code than was planned with; its rows say so", True))
            if result.get("done") and not entry.done:
                entry.done = True
                entry.failed = str(result["failed"]) if result.get("failed") else None
                self._news.append((f"{name}  {self._outcome(entry)}", True))

    def say(self, line: str) -> None:
        """Shows a line among the others."""
        with self._lock:
            self._news.append((line, True))

    def _outcome(self, entry: _Entry) -> str:
        if entry.failed:
            return f"failed: {entry.failed}"
        seconds = time.monotonic() - (entry.started or self._began)
        if entry.epoch < entry.epochs:
            return f"stopped early after epoch {entry.epoch} of {entry.epochs}: val IoU {_percent(entry.val_iou)}"
        return f"done in {duration(seconds)}: {entry.epoch} epochs, val IoU {_percent(entry.val_iou)}"

    def _show(self) -> None:
        if self._console.is_terminal:
            with Live(self._board(), console=self._console, refresh_per_second=2, transient=True) as live:
                while not self._closed.wait(0.5):
                    self._tell()
                    live.update(self._board())
        else:
            last = time.monotonic()
            while not self._closed.wait(0.2):
                self._tell()
                if time.monotonic() - last > _QUIET_SECONDS and not interruption.asked():
                    last = time.monotonic()
                    lines = [self.summary(), *self._running_lines()]
                    self._console.print(*lines, sep="\n", highlight=False, markup=False, soft_wrap=True)
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            news, self._news = self._news, []
            done = sum(entry.done for entry in self._entries.values())
            states = self._states()
        if self._metrics is not None:
            self._metrics.show(states)
        for line, always in news:
            if always or not self._console.is_terminal:
                text = f"[{done}/{self._total}] {line}"
                self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _board(self) -> RenderableType:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for title, justify in (
            ("trial", "left"),
            ("", "left"),
            ("epoch", "right"),
            ("val IoU", "right"),
            ("images/s", "right"),
        ):
            table.add_column(title, justify=justify)  # type: ignore[arg-type]
        with self._lock:
            for name, entry in self._running():
                bar = ProgressBar(total=entry.epochs, completed=entry.epoch, width=24)
                speed = "-" if entry.images_per_second is None else f"{entry.images_per_second:.0f}"
                epoch = f"{entry.epoch}/{entry.epochs}" if entry.epoch else "starting"
                table.add_row(
                    Text(name).append(_silence(entry), style="yellow"), bar, epoch, _percent(entry.val_iou), speed
                )
        return Group(table, Text(self.summary(), style="bold"))

    def _running(self) -> list[tuple[str, _Entry]]:
        return [(name, entry) for name, entry in self._entries.items() if entry.started is not None and not entry.done]

    def _states(self) -> dict[str, int]:
        """How many trials wait, run, are done and have failed."""
        done = sum(entry.done for entry in self._entries.values())
        failed = sum(entry.failed is not None for entry in self._entries.values())
        running = len(self._running())
        waiting = max(0, self._total - running - done)
        return {"waiting": waiting, "running": running, "done": done - failed, "failed": failed}

    def _running_lines(self) -> list[str]:
        with self._lock:
            running = self._running()
            if not running and self._states()["waiting"]:
                return ["    none runs: a process is being started, or they wait for free cores or GPUs (ray status)"]
            return [
                f"    {name}  epoch {entry.epoch}/{entry.epochs}  val IoU {_percent(entry.val_iou)}  "
                f"{'-' if entry.images_per_second is None else format(entry.images_per_second, '.0f')} images/s"
                f"{_silence(entry)}"
                for name, entry in running
            ]

    def summary(self) -> str:
        """How far the run is, how long it has taken and about how long it will."""
        with self._lock:
            entries = list(self._entries.values())
            left = self._seconds_left(entries)
        done, failed = sum(entry.done for entry in entries), sum(entry.failed is not None for entry in entries)
        shown = [f"{done} of {self._total} trials", *([f"{failed} failed"] if failed else [])]
        shown.append(f"{duration(time.monotonic() - self._began)} elapsed")
        shown.append(f"about {duration(left)} left" if left is not None else "time left: not known yet")
        return ", ".join(shown)

    def _seconds_left(self, entries: Sequence[_Entry]) -> float | None:
        """Epochs to go at each network's own pace, shared by the trials that run at a time."""
        paces: dict[str, list[float]] = {}
        for entry in entries:
            paces.setdefault(entry.model, []).extend(entry.epoch_seconds)
        known = [second for pace in paces.values() for second in pace]
        if not known:
            return None
        pace = {model: statistics.median(seconds or known) for model, seconds in paces.items()}
        work = sum((entry.epochs - entry.epoch) * pace[entry.model] for entry in entries if not entry.done)
        # Of those to come nothing is known but how long the others took; those that were stopped early took less.
        work += (self._total - len(entries)) * sum(map(sum, paces.values())) / len(entries)
        at_a_time = max(1, sum(entry.started is not None and not entry.done for entry in entries))
        return work / at_a_time


def _silence(entry: _Entry) -> str:
    """How long nothing has been heard of a trial, where that is much longer than its epochs take."""
    quiet = time.monotonic() - (entry.heard or time.monotonic())
    usual = statistics.median(entry.epoch_seconds) if entry.epoch_seconds else math.inf
    return f"  nothing heard for {duration(quiet)}" if quiet > max(_SILENT_SECONDS, _SILENT_EPOCHS * usual) else ""


def _number(value: object, otherwise: float | None) -> float | None:
    return float(value) if isinstance(value, float | int) else otherwise


def _percent(iou: float | None) -> str:
    return "-" if iou is None else f"{100 * iou:.1f} %"


def duration(seconds: float) -> str:
    """`41 s`, `3 min 05 s`, `1 h 20 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
