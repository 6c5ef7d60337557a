"""What every run does before and after its trials: find the data, check all that can be checked, start Ray."""

from __future__ import annotations

import contextlib
import datetime
import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ablate import interruption, invocation, storage
from ablate.config import RunConfig, TrialConfig
from ablate.data import training_sources
from ablate.data.manifest import REAL, Manifest, scored_on
from ablate.data.root import Data
from ablate.errors import UsageError
from ablate.identity import code_digest, looks_at
from ablate.runner import encoder_check
from ablate.runner.node_data import data_sets
from ablate.storage import urls, working_copy

if TYPE_CHECKING:
    from ablate.runner.cluster import Cluster


def data_root(data: str) -> Data:
    """The data root that `data=` names, built first where it is an embedded data set."""
    found: Data = data_sets().find(data)
    return found


def check(data: Data, configs: Iterable[TrialConfig]) -> None:
    """Everything that can be found wrong before Ray is started: the cache, the shards, and pretrained weights.

    Raises:
        UsageError: something is.
    """
    configs = list(configs)
    manifest = data.manifest
    arms = sorted({one for config in configs for one in manifest.joined(config.arm)})
    for arm in arms:
        if not manifest.count(arm, "train"):
            raise UsageError(f"trial.arm={arm}: the data has no training images in it; repeat datasets.prepare")
    looked_at = {place for config in configs for place in looks_at(config).values()}
    _require_photographs(manifest, looked_at)
    for config in configs:
        if config.selection == "best_val":
            require_validation(data.manifest, config.arm, "trial.selection=best_val")
    photographs = sorted({scored_on(config.direction) for config in configs} | {REAL})  # an oracle scores the real ones
    unlabelled = sorted({arm for arm, _ in looked_at} - {*photographs})
    wanted = (*photographs, *unlabelled)
    data.require_room((arm, config.image_size) for config in configs for arm in (*wanted, config.arm))
    data.verify([*wanted, *arms], print)
    training_sources.require(data, configs)
    encoder_check.build(configs, print)


def _require_photographs(manifest: Manifest, looked_at: Iterable[tuple[str, str]]) -> None:
    for arm, split in sorted(looked_at):
        if manifest.count(arm, split):
            continue
        if (arm, split) == (REAL, "empty"):
            raise UsageError(
                "trial.paste: the data has no photographs without an animal; repeat datasets.prepare with annotations "
                "that list some, or leave it out: trial.paste=0"
            )
        raise UsageError(
            f"trial.unlabelled={arm}: the data has no photographs in {arm}/{split}; repeat datasets.prepare with "
            "adapt_photos=DIR, or do without: trial.adapt=none trial.fda=0"
        )


def require_precision(configs: Iterable[TrialConfig], each: Mapping[str, float]) -> None:
    """Raises a `UsageError` where trials ask for an arithmetic that what one occupies has not."""
    if not each.get("GPU") and any(config.precision == "tf32" for config in configs):
        raise UsageError(
            "trial.precision=tf32: only GPUs have it, and none is given to these trials; type trial.precision=float32, "
            "or trial_resources.gpu=1 where there is one"
        )


def require_validation(manifest: Manifest, arm: str, asked: str) -> None:
    """Raises a `UsageError` where an arm has no validation images, by which something was to be chosen."""
    if not manifest.count(arm, "val"):
        raise UsageError(
            f"{asked}: the arm {arm} has no validation images to choose by; repeat datasets.prepare with more source "
            "images (10 % of them are kept for validation)"
        )


def with_ray(
    console: Console,
    run: RunConfig,
    data: Data,
    out: Path,
    configs: Iterable[TrialConfig],
    work: Callable[[Cluster, dict[str, float]], None],
) -> bool:
    """Starts Ray, or joins it, does the work with what one trial occupies, and ends or leaves it.

    Says whether the work was interrupted.

    Work is asked to end, not broken off: it looks at `interruption.asked`.

    Args:
        configs: of the trials; where they occupy GPUs, what these read is decoded first.
    """
    from ablate.runner import cluster, joining  # Ray is slow to start: not before everything has been checked

    configs = list(configs)
    address = joining.wanted(run.ray.address)
    print_lines(console, _remarks(run, out, address))
    with console.status("joining Ray" if address else "starting Ray"):
        ray = cluster.join(address, configs) if address else cluster.connect()
    with interruption.deferred():
        try:
            each = cluster.resources(run, ray)
            console.print(f"dashboard  {ray.dashboard or 'none'}   {ray.login}", highlight=False, soft_wrap=True)
            with _checked(console, ray, data, out, configs) if address else contextlib.nullcontext(ray) as ready:
                if each.get("GPU"):
                    _decode(console, data, configs)
                work(ready, each)
        finally:
            cluster.shutdown()
    return interruption.asked()


def _remarks(run: RunConfig, out: Path, address: str | None) -> Iterator[str]:
    """What is to be known of where a run is going to be, and to leave its results."""
    from ablate.runner import joining

    if address is None and (cluster := joining.ignored()):
        yield f"RAY_ADDRESS={cluster} is set and not used: this run has a Ray of its own; ray.address=auto joins it"
    if joining.inside_job() and out.is_relative_to(Path.cwd()) and not urls.is_url(run.out):
        yield f"out={run.out} lies in the job's own folder, which Ray removes: give a folder that stays, or s3://, gs://"


@contextlib.contextmanager
def _checked(
    console: Console, ray: Cluster, data: Data, out: Path, configs: Sequence[TrialConfig]
) -> Iterator[Cluster]:
    """Gives a cluster all of whose nodes have what the trials need, and a token by which they know `out` again."""
    from ablate.runner import credentials, head_watch, node_check, results_token

    def say(line: str) -> None:
        print_lines(console, [line])

    kinds = node_check.distinct(configs)
    token = results_token.publish(out)
    try:
        needs = node_check.Needs(
            data=data.place,
            manifest=data.digest,
            embedded=data.embedded,
            results=working_copy.place_of(out),
            token=token,
            configs=kinds,
            codes=tuple(map(code_digest, kinds)),
            credentials=credentials.of_driver(),
        )
        with head_watch.watching(ray.head, lambda: _tell_of_head(console)):
            with console.status(f"asking the cluster's nodes ({len(ray.nodes)}) for what the trials need"):
                node_check.check(needs, out, say)
            yield replace(ray, token=token)
    finally:
        results_token.remove(out, token)


def _tell_of_head(console: Console) -> None:
    from ablate.runner import head_watch

    console.show_cursor()
    print_lines(
        console,
        [
            f"the cluster's head has not answered for {head_watch.SECONDS:.0f} s; what is finished is kept",
            f"To continue: {invocation.command()}",
        ],
    )


def _decode(console: Console, data: Data, configs: Iterable[TrialConfig]) -> None:
    from ablate.runner import predecode

    with console.status("decoding pictures"):
        predecode.decode(data, configs, predecode.gpu_nodes(), lambda line: print_lines(console, [line]))


def write_run(out: Path, run: RunConfig, data: Data, **about: object) -> None:
    """Publishes the plan of a run, with what its kind of space adds to it."""
    now = datetime.datetime.now(datetime.UTC)
    identity = f"r{now:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
    record = {
        "run": identity,
        "started_at": now.isoformat(timespec="seconds"),
        "space": run.space,
        "command": invocation.command(),
        "data": data.place,
        **about,
    }
    storage.publish(out / "runs" / f"{identity}.json", (json.dumps(record, indent=2) + "\n").encode())


def print_lines(console: Console, lines: Iterable[str]) -> None:
    """Prints lines as they are, folded in a terminal only."""
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=not console.is_terminal)


def differences(manifest: Manifest) -> list[str]:
    """A line on how the data's defaults differ from the paper's, where they do."""
    paper = TrialConfig()
    differ = [
        f"{field} {value} (paper {getattr(paper, field)})"
        for field, value in manifest.trial_defaults.items()
        if getattr(paper, field, None) != value
    ]
    return [f"the data's defaults differ from the paper's: {', '.join(differ)}"] if differ else []
