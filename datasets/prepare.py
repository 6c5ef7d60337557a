"""`python -m datasets.prepare`: raw images to shards.

The same inputs and parameters give the same bytes, whatever the number of workers. A command that was interrupted goes
on where it was when it is repeated; the data root appears, or is replaced, when it is whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from ablate import plugins
from ablate.cli import run_command
from ablate.config import trial_config
from ablate.data import shards
from ablate.data.manifest import ADAPT, PHOTOGRAPHS, REAL, REVERSE, Arm, Manifest, wrong_default
from ablate.errors import UsageError
from ablate.storage import local, sha256
from datasets import arms, translate
from datasets.arms import Material
from datasets.build import requested_arms, workers
from datasets.build.partition import derivation
from datasets.build.pipeline import Pipeline, Report, listing
from datasets.build.publishing import ROOT, building, publish, require_replaceable
from datasets.options import PrepareConfig
from datasets.raw import candidates, early_checks, places, synthetic_images, unlabelled
from datasets.raw.camera_traps import Rule
from datasets.raw.skipped import SELECTION, SKIPPED, STYLE, SYNTHETIC, UNLABELLED, SelectionLog
from datasets.translate.domains import training_folder

_FOLDERS = ("synthetic", "photos", "photo_masks", "exclude", "style_photos", "adapt_photos")


def prepare(
    config: PrepareConfig, report: Report = print, console: Console | None = None, training: Report | None = None
) -> Manifest:
    """Writes the data root that a configuration describes.

    Args:
        report: takes the lines that tell what was selected and left out.
        console: where progress is shown; None: nowhere.
        training: takes the lines that tell how far a translator's training is; None: `report`.

    Raises:
        UsageError: an input or a name is wrong, nothing usable is left, too much is bad, or `to` is taken.
    """
    config, console = _absolute(config), console or Console(quiet=True)
    to = Path(config.to)
    chosen = requested_arms.of(config)  # before hours of work, not after
    trial_config(config.trial_defaults)
    if problem := wrong_default(config.trial_defaults):
        raise UsageError(problem)
    require_replaceable(to)
    log = SelectionLog()
    found, pairs = candidates.candidates(config, log), synthetic_images.pairs(config, log)
    config = config.model_copy(update={"category": found.rule.categories})  # as the annotations spell them
    candidates.require_files(found, config)
    log.require_sound(SYNTHETIC, pairs[1], config.max_bad, listing(config))  # names alone may be too many
    early_checks.at_synthetic(pairs[0], config, log)
    early_checks.at_photographs(found, config)
    style_paths = unlabelled.pictures_below(config.style_photos, "style_photos", STYLE, log)
    adapt_paths = unlabelled.pictures_below(config.adapt_photos, "adapt_photos", UNLABELLED, log)
    inputs = {key: Path(place) for key in _FOLDERS if (place := getattr(config, key)) is not None}
    with building(to) as folder, workers.started(folder, config.workers, config.ray, inputs) as pool:
        pipeline = Pipeline(config, folder, pool, report, console, log)
        material = Material(pipeline.style(style_paths, pipeline.photographs(found)), report=training or report)
        adapt = pipeline.unlabelled(adapt_paths)
        if config.reverse or any(arm.needs_crops for arm in chosen):
            material = pipeline.with_crops(material, *pairs)
        recorded: dict[str, dict[str, Any]] = {REAL: {"code": REAL}}
        if config.reverse:
            recorded[REVERSE] = pipeline.reverse(material)
        fitted = pipeline.learn(chosen, material)
        pipeline.synthetic(*pairs, material.style, fitted)
        recorded |= {one.title: one.parameters(material, fitted[one.title], pipeline.keys(one.title)) for one in chosen}
        recorded |= adapt
        written = {name: pipeline.joined(name) for name in sorted(recorded, key=lambda name: name in PHOTOGRAPHS)}
        _require_samples(written, config)
        for line in _warned(recorded, config):
            report(line)
        manifest = Manifest(
            parameters=_parameters(config, log, found.rule) | {"arms": recorded},
            trial_defaults=dict(config.trial_defaults),
            arms=written,
        )
        log.write(folder / ROOT)
        for place in training_folder.keep_pictures(folder, to, recorded):
            report(f"{place.name}: sample sheets of its training are in {place}")
        publish(folder, to, manifest)
    listing(config).unlink(missing_ok=True)
    for line in _summary(manifest, config, log):
        report(line)
    return manifest


def _absolute(config: PrepareConfig) -> PrepareConfig:
    """Places as processes that run elsewhere can open them; of a link, the folder that it leads to is replaced."""
    found = {key: str(local(place, key)) for key in _FOLDERS if (place := getattr(config, key)) is not None}
    night = config.night
    if night.synthetic_list is not None:
        night = night.model_copy(update={"synthetic_list": str(local(night.synthetic_list, "night.synthetic_list"))})
    update = found | {
        "to": str(local(config.to, "to").resolve()),
        "annotations": tuple(str(local(path, "annotations")) for path in config.annotations),
        "arms": tuple(_absolute_part(arm) for arm in config.arms),
        "translator": _absolute_part(config.translator),
        "night": night,
    }
    return config.model_copy(update=update)


def _absolute_part(name: str) -> str:
    return str(Path(name).expanduser().absolute()) if plugins.is_path(name) else name


def _require_samples(written: Mapping[str, Arm], config: PrepareConfig) -> None:
    for name, arm in written.items():
        for split in ("test",) if name in PHOTOGRAPHS else shards.splits(name):
            if not arm.counts.get(split):
                raise UsageError(
                    f"arms={name}: the split {split} holds no sample; lower crop.min_side="
                    f"{config.crop.min_side} (and crop.size={config.crop.size} where images are smaller), "
                    f"raise val_fraction={config.val_fraction} or give more images"
                )


def _warned(recorded: Mapping[str, dict[str, Any]], config: PrepareConfig) -> Iterator[str]:
    """Which arms saw test photographs, and how to do without."""
    transductive = [name for name, about in recorded.items() if about.get("transductive")]
    names = ", ".join(name for name in transductive if name != ADAPT)
    if names and config.style_photos is None:
        yield (
            f"{names}: transductive: the style is that of the test photographs (without their labels); "
            "style_photos=DIR names others"
        )
    elif names:
        yield f"{names}: transductive: some pictures in style_photos={config.style_photos} are test photographs"
    if ADAPT in transductive:
        yield f"{ADAPT}: transductive: some pictures in adapt_photos={config.adapt_photos} are test photographs"


def _summary(manifest: Manifest, config: PrepareConfig, log: SelectionLog) -> Iterator[str]:
    """What was written, by arm and split."""
    width = max(map(len, manifest.arms))
    for arm, about in manifest.arms.items():
        yield f"{arm:<{width}} {'  '.join(f'{split} {count:,}' for split, count in about.counts.items())}"
    if config.place is not None:
        yield places.line(log.considered, config)


def _parameters(config: PrepareConfig, log: SelectionLog, rule: Rule) -> dict[str, Any]:
    """What the shards were derived by: parameters, the inputs' digests, what each rule took out, what was remarked."""
    files = {
        "annotations": config.annotations,
        "exclude": (config.exclude,),
        "night.synthetic_list": (config.night.synthetic_list,),
    }
    return {
        **derivation(config),
        "empty_category": sorted(rule.empty),
        "inputs": {key: [sha256(local(path, key)) for path in paths if path] for key, paths in files.items()},
        "selection": log.counts(),
        "skipped": log.skipped_counts(),
        "notes": log.note_counts(),
        "remarks": log.remarks,
    }


def main(config: PrepareConfig) -> int:
    """Prepares and prints; 0."""
    console = Console()
    prepare(config, console=console, report=lambda line: console.out(line, highlight=False))
    print(f"wrote {local(config.to, 'to')}; its {SELECTION} and {SKIPPED} list what was left out, and why")
    return 0


def _epilogue() -> str:
    return f"arms: {', '.join(plugins.names(arms.PACKAGE))}\ntranslators: {', '.join(plugins.names(translate.PACKAGE))}"


if __name__ == "__main__":
    run_command(PrepareConfig, main, _epilogue)
