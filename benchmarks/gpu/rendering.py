"""`python -m benchmarks.gpu.rendering cpu WIDTHxHEIGHT SAMPLES`: prints the seconds of four pictures of a forest."""

from __future__ import annotations

import sys
import time

from datasets.render import pictures
from datasets.render.staging import Request


def main(device: str, size: str, samples: str) -> None:
    width, height = map(int, size.split("x"))
    request = Request(0, ("forest",), ("deer",), (width, height), int(samples), device=device)
    taken = []
    for number in range(4):
        began = time.perf_counter()
        pictures.render(request, number)
        taken.append(round(time.perf_counter() - began, 2))
    print(*taken)


if __name__ == "__main__":
    main(*sys.argv[1:])
