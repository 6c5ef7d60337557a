"""`python -m benchmarks.gpu [to=FILE] [limit=480]`: the parts of `benchmarks.gpu.parts`, one process after the other.

Each part writes what it finds at once. One that fails or takes too long ends, and the next one begins. `part=NAME`
runs one alone. Further settings: size, width, steps, images, device, networks (see `benchmarks.gpu.bench`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import settings
from benchmarks.gpu.bench import Bench, read
from benchmarks.gpu.parts import INNER, PARTS


def main(given: dict[str, str]) -> int:
    given.setdefault("to", str(Path(__file__).parents[1] / "results" / "gpu.json"))
    if name := given.get("part"):
        (PARTS | INNER)[name].run(Bench(given))
        return 0
    Path(given["to"]).unlink(missing_ok=True)
    end, failed = time.monotonic() + float(given.pop("limit", "480")), []
    for name, part in PARTS.items():
        began, left = time.monotonic(), end - time.monotonic()
        words = [f"{key}={value}" for key, value in given.items()]
        command = [sys.executable, "-m", "benchmarks.gpu", *words, f"part={name}"]
        process = subprocess.Popen(command, start_new_session=True)  # it is ended with all that it has started
        try:
            ended = f"status {process.wait(timeout=min(part.seconds, max(left, 1)))}"
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            ended = f"cut off after {error.timeout:.0f} s"
        failed += [name] * (ended != "status 0")
        Bench(given).note("parts", name, f"{ended}, {time.monotonic() - began:.1f} s")
    print_table(read(Path(given["to"])))
    print(f"wrote {given['to']}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return int(bool(failed))


def print_table(found: dict[str, dict[str, object]]) -> None:
    """The steps of all networks, as a person reads them."""
    versions = found.get("versions", {})
    print(f"\n{versions.get('machine')}")
    print(f"product {versions.get('product, TFLOP/s')} TFLOP/s, copy {versions.get('copy, TB/s')} TB/s")
    for name, one in found.get("step", {}).items():
        print(f"{name:<24} " + "  ".join(f"{key} {value}" for key, value in dict(one).items()))  # type: ignore[call-overload]


if __name__ == "__main__":
    sys.exit(main(settings.given(__doc__)))
