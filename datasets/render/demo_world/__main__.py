"""Renders the demo's raw files.

    python -m datasets.render.demo_world to=DIR [seed=2021] [only=synthetic|photos] [workers=2] [preview=N] [samples=N]

Same seed, same bytes, whatever the number of workers: each picture's randomness comes from (seed, domain, index).
Pictures that exist already are not rendered again. `preview=N` renders about N pictures of each domain, of all kinds.
The whole demo takes about 12 minutes on two cores: 2.2 s of one core per synthetic picture, 1.1 s per photograph.
"""

from __future__ import annotations

import sys
from pathlib import Path

from datasets.render.demo_world import shots, synthetic
from datasets.render.demo_world.produce import Options, burst_pictures, collect, forest_picture, preview_bursts, run


def parse(words: list[str]) -> Options:
    """Options from `key=value` words; a wrong word ends the program with status 2 and says what is allowed."""
    given = dict(word.partition("=")[::2] for word in words)
    unknown = set(given) - set(Options.__dataclass_fields__)
    numbers = {key: given[key] for key in ("seed", "workers", "preview", "samples") if key in given}
    wrong = [f"{key}={value}" for key, value in numbers.items() if not value.isdigit()]
    if unknown or wrong or "to" not in given or given.get("only", "") not in {"", "synthetic", "photos"}:
        print(
            f"given: {' '.join(words) or 'nothing'}\nallowed: {(__doc__ or '').splitlines()[2].strip()}",
            file=sys.stderr,
        )
        raise SystemExit(2)
    return Options(Path(given["to"]), only=given.get("only", ""), **{key: int(v) for key, v in numbers.items()})


def main(words: list[str]) -> None:
    options = parse(words)
    bursts = shots.plan(options.seed)
    indices = list(range(synthetic.COUNT))
    if options.preview:
        bursts = preview_bursts(bursts, options.preview)
        indices = indices[: options.preview]
    if options.only != "photos":
        run(forest_picture, [(options, index) for index in indices], options.workers, "synthetic")
    if options.only != "synthetic" and not (options.to / "annotations.json").exists():
        run(burst_pictures, [(options, burst) for burst in bursts], options.workers, "photographs, bursts")
        collect(options, bursts)


if __name__ == "__main__":
    main(sys.argv[1:])
