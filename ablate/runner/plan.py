"""From a space to the trials that are missing: which there are, which are done, and which share a training."""

from __future__ import annotations

import collections
import contextlib
import difflib
import functools
import gc
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pydantic

from ablate import plugins
from ablate.config import Execution, Layer, RunConfig, TrialConfig, is_off, trial_config
from ablate.data.manifest import Manifest
from ablate.data.root import Data
from ablate.data.training_data import Identification
from ablate.errors import UsageError
from ablate.identity import Identities, PlannedTrial, ignored, is_file
from ablate.results.reader import read_rows
from ablate.results.runs import SpaceRequest
from ablate.spaces import loader, where
from ablate.spaces.search import Cell
from ablate.spaces.space import Space
from ablate.storage import working_copy

_NAMED = ("model", "encoder", "arm", "augment", "seed")


class TrainingJob(pydantic.BaseModel):
    """What one Ray trial works on: a training, and all the trials that score its network.

    `data` and `results` are places that every node can reach, URLs without credentials or folders; `data` may also be
    the folder into which the driver's node has built the embedded data set `embedded`. `manifest` is the digest of what
    was planned with.
    """

    model_config = pydantic.ConfigDict(frozen=True)

    data: str
    embedded: str | None = None
    manifest: str
    results: str
    trials: tuple[PlannedTrial, ...]
    threads: int
    gpu: float  # that it occupies; a share of one where it is less than 1
    max_failures: int
    timeout: float | None = None
    code_must_match: bool  # weights that other code left count as missing
    execution: Execution = "auto"  # of training steps

    @property
    def out(self) -> Path:
        """The folder of results, on the node where this is asked."""
        return working_copy.folder(self.results)

    @property
    def name(self) -> str:
        return self.trials[0].name


def plan(run: RunConfig, space: Space, manifest: Manifest) -> tuple[PlannedTrial, ...]:
    """Every trial of a run, in the space's order: paper's defaults < data's < the space's < the command line's.

    Raises:
        UsageError: a field or a part that does not exist, or an arm that the data lacks.
    """
    with _no_garbage():
        configs = _configs(run, space, manifest)
        if not configs:
            raise UsageError(f"where={run.where}: none of the {len(space)} trials of the space is left")
        for config in {(each.model, each.augment, each.encoder_weights): each for each in configs}.values():
            _require_parts(config)
        identified = Identification(manifest)
        names = _names(configs, identified.identities)
        planned = {trial.trial: trial for trial in map(identified, names, configs)}
        return _distinct(planned.values())


@contextlib.contextmanager
def _no_garbage() -> Iterator[None]:
    """Within, Python does not look for garbage: among a hundred thousand trials, all kept, that takes seconds."""
    looks = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looks:
            gc.enable()


def asked(run: RunConfig, manifest: Manifest, planned: Iterable[PlannedTrial] | None = None) -> list[SpaceRequest]:
    """The trials of a run by the spaces that it joins, those that are left of them.

    Args:
        planned: the plan of the run; None: it is made again.
    """
    names = loader.names(run.space)
    if planned is not None and len(names) == 1:
        found = [(names[0], tuple(trial.trial for trial in planned))]
    else:
        found = [(name, _trials_of(name, run, manifest)) for name in names]
    return [SpaceRequest(space=name, trials=trials, judges=loader.judges(name)) for name, trials in found if trials]


def _trials_of(name: str, run: RunConfig, manifest: Manifest) -> tuple[str, ...]:
    space, identified = loader.load_one(name), Identification(manifest)
    assert isinstance(space, Space)
    return tuple(dict.fromkeys(identified("", config).trial for config in _configs(run, space, manifest)))


def suggested(cell: Cell, values: Layer, name: str, search: str, manifest: Manifest) -> PlannedTrial:
    """The trial of values that a search suggests.

    Args:
        name: what follows the network, the arm and the augmentation in the trial's name.

    Raises:
        UsageError: as `plan` does.
    """
    config = _absolute(cell.config(values))
    _require_parts(config)
    trial = Identification(manifest)(f"{basic_name(config)}-{name}", config)
    return trial.model_copy(update={"search": search})


def jobs(
    run: RunConfig, data: Data, out: Path, trials: Iterable[PlannedTrial], resources: Mapping[str, float]
) -> list[TrainingJob]:
    """Groups trials that share a training, so that it is trained once: those that train on most pixels first.

    What is long and begins last keeps everybody waiting for it alone.

    Args:
        resources: what each job occupies.
    """
    groups: dict[str, list[PlannedTrial]] = collections.defaultdict(list)
    for trial in trials:
        groups[trial.training].append(trial)
    changed = run.rerun == "changed"
    longest_first = sorted(groups.values(), key=lambda group: _pixels(group[0].config, data.manifest), reverse=True)
    return [
        TrainingJob(
            data=data.place,
            embedded=data.embedded,
            manifest=data.digest,
            results=working_copy.place_of(out),
            trials=tuple(group),
            threads=max(1, int(resources["CPU"])),
            gpu=resources.get("GPU", 0.0),
            execution=run.execution,
            max_failures=run.max_failures,
            timeout=run.trial_timeout,
            code_must_match=changed,
        )
        for group in longest_first
    ]


def _pixels(config: TrialConfig, manifest: Manifest) -> float:
    """How many a training sees."""
    pictures = manifest.count(config.arm, "train") * config.train_fraction
    if config.train_images:
        pictures = min(pictures, config.train_images * len(manifest.joined(config.arm)))
    return pictures * config.epochs * config.image_size**2


class Progress(pydantic.BaseModel):
    """How far the plan is: `done` by today's code, `changed` by other code, `failed`, and the rest `missing`."""

    done: tuple[PlannedTrial, ...]
    changed: tuple[PlannedTrial, ...]
    failed: tuple[PlannedTrial, ...]
    missing: tuple[PlannedTrial, ...]


def progress(out: Path, trials: Sequence[PlannedTrial]) -> Progress:
    """Sorts trials by what the results hold of them."""
    columns = ["trial", "status", "code_digest", "score_code"]
    wanted = {trial.trial for trial in trials}
    rows = {row["trial"]: row for row in read_rows(out, "trials", wanted, columns).to_pylist()}
    found: dict[str, list[PlannedTrial]] = {"done": [], "changed": [], "failed": [], "missing": []}
    for trial in trials:
        row = rows.get(trial.trial)
        status = "missing" if row is None else row["status"]
        if row is not None and status == "done" and {row["code_digest"], row["score_code"]} - {None} != {trial.code}:
            status = "changed"
        if status == "stopped":  # early, by a search; its checkpoint is still there
            status = "missing"
        found[status].append(trial)
    return Progress.model_validate(found)


def _configs(run: RunConfig, space: Space, manifest: Manifest) -> list[TrialConfig]:
    """The configurations of a space under everything that the run gives, those that its `where` keeps."""
    if run.seeds is not None:
        if "seed" in run.trial:
            raise UsageError(f"seeds={run.seeds} and trial.seed={run.trial['seed']} exclude each other")
        space = space.repeat(run.seeds)
    configs = [_absolute(trial_config(manifest.trial_defaults, layer, run.trial)) for layer in space.trials]
    keep = where.parse(run.where) if run.where is not None else None
    return [config for config in configs if keep is None or keep(config)]


def _require_parts(config: TrialConfig) -> None:
    plugins.require("ablate.models", config.model, "trial.model")
    plugins.require("ablate.augment", config.augment, "trial.augment")
    for package, part in (("ablate.models", config.model), ("ablate.augment", config.augment)):
        unknown = plugins.reads(package, part) - set(TrialConfig.model_fields)
        if unknown:
            raise UsageError(f"{part}: build() asks for {', '.join(sorted(unknown))}, which no field of a trial is")
    if "encoder_weights" in plugins.reads("ablate.models", config.model):
        _require_weights(config.encoder_weights)


def _require_weights(weights: str) -> None:
    if is_file(weights) and not Path(weights).is_file():
        near = difflib.get_close_matches(Path(weights).name, ["imagenet", "none", "pip"], n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"trial.encoder_weights={weights}: {hint}allowed: imagenet, none, pip, hub:ID, or the path of a file that "
            "exists"
        )


def _absolute(config: TrialConfig) -> TrialConfig:
    """Paths as the trials, which run in another folder, can open them."""
    paths = {field: getattr(config, field) for field in ("model", "augment") if plugins.is_path(getattr(config, field))}
    if is_file(config.encoder_weights):
        paths["encoder_weights"] = config.encoder_weights
    if not paths:
        return config
    return config.model_copy(update={field: str(Path(path).expanduser().absolute()) for field, path in paths.items()})


def _distinct(trials: Collection[PlannedTrial]) -> tuple[PlannedTrial, ...]:
    """Names that two trials share, such as those of two files `net.py`, get the trial's id."""
    shared = {name for name, count in collections.Counter(trial.name for trial in trials).items() if count > 1}
    return tuple(
        trial.model_copy(update={"name": f"{trial.name}-{trial.trial[:7]}"}) if trial.name in shared else trial
        for trial in trials
    )


def _names(configs: Sequence[TrialConfig], identities: Identities) -> list[str]:
    """Readable names such as `unet-crop-jitter-s0`; further fields are named where trials that read them differ."""
    values = [vars(config) for config in configs]
    unread = [identities.ignored(config) for config in configs]
    pairs = [*zip(values, unread, strict=True)]
    fields = [field for field in TrialConfig.model_fields if field not in _NAMED]
    varying = [name for name in fields if len({one[name] for one, without in pairs if name not in without}) > 1]
    return [
        "-".join([_basic_name(config, without), *_told(vars(config), varying, without)])
        for config, without in zip(configs, unread, strict=True)
    ]


def _told(values: Mapping[str, object], varying: Iterable[str], without: Collection[str]) -> Iterator[str]:
    for name in varying:
        if name not in without and not is_off(name, values[name]):
            yield _shown(name, values[name])


def _shown(field: str, value: object) -> str:
    is_file = isinstance(value, str) and "/" in value and field != "train_names"
    return f"{field}={Path(str(value)).stem if is_file else value}"


def basic_name(config: TrialConfig) -> str:
    """Network, arm, augmentation and seed."""
    return _basic_name(config, ignored(config))


def _basic_name(config: TrialConfig, without: Collection[str]) -> str:
    augment = [] if config.augment == "none" else [config.augment]
    encoder = [config.encoder] if "encoder" not in without else []
    words = [_stem(config.model), *encoder, *map(_stem, (config.arm, *augment))]
    return "-".join([*words, f"s{config.seed}"]).replace("/", "_")


@functools.cache
def _stem(path: str) -> str:
    return Path(path).stem
