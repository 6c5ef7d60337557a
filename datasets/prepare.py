"""`python -m datasets.prepare`: raw images to shards.

The same inputs and parameters give the same bytes, whatever the number of workers. A command that was interrupted goes
on where it was when it is repeated; the data root appears, or is replaced, when it is whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from ablate import parts, shards
from ablate.cli import run_command
from ablate.config import trial_config
from ablate.errors import UsageError
from ablate.shards import REAL, Arm, Manifest
from ablate.storage import local, sha256
from datasets import arms, chunks, code, photographs, stages, synthetic, table1, translate
from datasets.building import ROOT, building, publish, require_replaceable
from datasets.chunks import Chunk, Stage
from datasets.config import PrepareConfig
from datasets.keys import sample_key
from datasets.ledger import ANNOTATION, BOX, PHOTOGRAPH, SELECTED, SELECTION, SKIPPED, SYNTHETIC, Ledger
from datasets.photographs import Candidates
from datasets.progress import progress
from datasets.synthetic import Pair
from datasets.workers import Workers

Report = Callable[[str], None]
# Where the inputs lie and how the work is divided says nothing about what the samples are.
_PLACES = {"synthetic", "synthetic_images", "synthetic_masks", "mask_suffix", "photos", "photo_masks"}
_LISTS = {"annotations", "exclude"}
_FOLDERS = ("synthetic", "photos", "photo_masks", "exclude")
_DIVISION = {"images_per_shard", "workers", "ray"}
_NOT_DERIVATION = dict.fromkeys([*_PLACES, *_LISTS, *_DIVISION, "to", "trial_defaults", "max_bad"], True)
_LIBRARIES = ("numpy", "opencv-python-headless", "pillow", "webdataset")  # that decode and encode pictures and shards


def prepare(config: PrepareConfig, report: Report = print, console: Console | None = None) -> Manifest:
    """Writes the data root that a configuration describes.

    Args:
        report: takes the lines that tell what was selected and left out.
        console: where progress is shown; None: nowhere.

    Raises:
        UsageError: an input or a name is wrong, nothing usable is left, too much is bad, or `to` is taken.
    """
    config, console = _absolute(config), console or Console(quiet=True)
    to = Path(config.to)
    names = stages.training_arms(config)
    translate.choose(config.translator, config.translator_options)  # before hours of work, not after
    trial_config(config.trial_defaults)
    require_replaceable(to)
    ledger = Ledger()
    found, pairs = photographs.candidates(config, ledger), synthetic.pairs(config, ledger)
    photographs.require_files(found, config)
    with building(to) as folder, Workers(folder, config.workers, config.ray) as workers:
        job = _Job(config, folder, workers, report, console, ledger)
        photos = job.photographs(found)
        with console.status(f"learning the look of {len(photos):,} photographs"):
            fitted = stages.fit(names, photos, config)
        job.synthetic(*pairs, photos, stages.Synthetic(config, names, fitted))
        written = job.joined((*map(stages.title, names), REAL))
        _require_samples(written, config)
        told = stages.parameters(names, photos, config)
        manifest = Manifest(
            parameters=_parameters(config, ledger) | {"arms": told},
            trial_defaults=dict(config.trial_defaults),
            arms=written,
        )
        ledger.write(folder / ROOT)
        publish(folder, to, manifest)
    _listing(config).unlink(missing_ok=True)
    for arm, about in manifest.arms.items():
        report(f"{arm:<6} {'  '.join(f'{split} {count:,}' for split, count in about.counts.items())}")
    return manifest


@dataclass
class _Job:
    """One preparation: its stages, and what they leave."""

    config: PrepareConfig
    folder: Path
    workers: Workers
    report: Report
    console: Console
    ledger: Ledger
    done: list[Chunk] = field(default_factory=list)

    def photographs(self, found: Candidates) -> list[Path]:
        """Writes the test set; returns the files of its photographs with an animal, sorted by key."""
        self._require_sound(ANNOTATION, found.listing.n_annotations)
        stage = stages.Photographs(self.config)
        looked_at = len(found.test) + sum(min(len(one), self.config.empty_per_location) for one in found.empty)
        self._work(PHOTOGRAPH, stage, list(_photo_chunks(found, stage)), looked_at)
        n_boxes = sum(len(record.boxes(found.rule.categories)) for record in found.test)
        self._require_sound(BOX, n_boxes)
        self.report(_told(self.ledger, PHOTOGRAPH))
        locations = {record.location for record in found.listing.records}
        compare = table1.is_the_papers(found.rule, locations, len(found.listing.records))
        self.report("\n".join(["", *table1.table(self.ledger.considered, compare), ""]))
        for remark in self.ledger.remarks:
            self.report(remark)
        rows = [row for row in self.ledger.considered if (row.kind, row.split) == (PHOTOGRAPH, "test")]
        selected = sorted((row for row in rows if row.reason == SELECTED), key=lambda row: sample_key(row.id))
        return [Path(self.config.photos) / row.file_name for row in selected]

    def synthetic(self, pairs: Sequence[Pair], total: int, photos: Sequence[Path], stage: stages.Synthetic) -> None:
        """Writes the training arms; `total` counts the pairs and the images and masks that make none."""
        self._work(SYNTHETIC, stage, list(_pair_chunks(pairs, photos, stage)), total)
        rows = [row for row in self.ledger.considered if (row.kind, row.reason) == (SYNTHETIC, SELECTED)]
        covered = sum(synthetic.MOSTLY_ANIMAL in (row.note or "") for row in rows)
        if covered > len(rows) / 2:
            raise UsageError(
                f"{covered} of {len(rows)} masks cover most of their image: is the animal what is not 0? "
                "Say what it is with mask_ids= or mask_colors="
            )
        self.report(_told(self.ledger, SYNTHETIC) + "\n")

    def joined(self, names: Sequence[str]) -> dict[str, Arm]:
        """The arms, from the records of all chunks; one arm's at a time are in memory."""
        return {
            name: shards.joined(
                record.written[name]
                for record in (chunks.record(self.folder, chunk) for chunk in self.done)
                if name in record.written
            )
            for name in names
        }

    def _work(self, kind: str, stage: Stage, todo: Sequence[Chunk], total: int) -> None:
        """Finishes the chunks of a stage, but for those that an earlier try has finished; `total` inputs of a kind."""
        remaining = []
        before = 0
        for chunk in todo:
            record = chunks.finished(self.folder, chunk)
            if record is None:
                remaining.append(chunk)
            else:
                self.ledger.add(record.considered, record.skipped)
                before += chunk.images
        if before:
            self.report(f"{kind}: going on, {len(todo) - len(remaining)} of {len(todo)} chunks were finished before")
        with progress(kind, sum(chunk.images for chunk in todo), before, self.console) as advance:
            for chunk, record in self.workers.work(stage, remaining):
                self.ledger.add(record.considered, record.skipped)
                advance(chunk.images)
        self.done += todo
        self._require_sound(kind, total)  # when all are known: the list of what to mend is whole
        hint = "; is it what mask_ids= or mask_colors= say?" if kind == SYNTHETIC and self.config.animal_values else ""
        self.ledger.require_usable(kind, total, _listing(self.config), hint)

    def _require_sound(self, kind: str, total: int) -> None:
        self.ledger.require_sound(kind, total, self.config.max_bad, _listing(self.config))


def _listing(config: PrepareConfig) -> Path:
    """Where bad inputs are listed if there are too many."""
    to = Path(config.to)
    return to.with_name(f"{to.name}.{SKIPPED}")


def _absolute(config: PrepareConfig) -> PrepareConfig:
    """Places as processes that run elsewhere can open them; of a link, the folder that it leads to is replaced."""
    places = {key: str(local(place, key)) for key in _FOLDERS if (place := getattr(config, key)) is not None}
    night = config.night
    if night.synthetic_list is not None:
        night = night.model_copy(update={"synthetic_list": str(local(night.synthetic_list, "night.synthetic_list"))})
    update = places | {
        "to": str(local(config.to, "to").resolve()),
        "annotations": tuple(str(local(path, "annotations")) for path in config.annotations),
        "arms": tuple(_absolute_part(arm) for arm in config.arms),
        "translator": _absolute_part(config.translator),
        "night": night,
    }
    return config.model_copy(update=update)


def _absolute_part(name: str) -> str:
    return str(Path(name).expanduser().absolute()) if parts.is_path(name) else name


def _photo_chunks(found: Candidates, stage: stages.Photographs) -> Iterator[Chunk]:
    config = stage.config
    common = _common(config)
    locations = -(-config.images_per_shard // max(config.empty_per_location, 1))
    for split, items, size in (
        ("test", [("test", (record,)) for record in found.test], config.images_per_shard),
        ("empty", [("empty", records) for records in found.empty], locations),
    ):
        for number, some in chunks.divided(items, size):
            records = [record for _, records in some for record in records]
            files = (file for record in records for file in photographs.files(record, config))
            told = "\n".join([common, *map(repr, records)])  # boxes and times count as well as pixels
            name = f"{PHOTOGRAPH}-{split}-{number:06d}"
            yield Chunk(name, split, number, some, len(records), chunks.fingerprint(told, files))


def _pair_chunks(pairs: Sequence[Pair], photos: Sequence[Path], stage: stages.Synthetic) -> Iterator[Chunk]:
    learned = chunks.fingerprint(stage.fitted.hex(), photos)  # a translator may have kept no more than their names
    common = "\n".join([_common(stage.config), learned, *stage.names])
    for split in ("train", "val"):
        of_split = [pair for pair in pairs if pair.split == split]
        for number, some in chunks.divided(of_split, stage.config.images_per_shard):
            files = (file for pair in some for file in pair.files)
            name = f"{SYNTHETIC}-{split}-{number:06d}"
            yield Chunk(name, split, number, some, len(some), chunks.fingerprint(common, files))


def _common(config: PrepareConfig) -> str:
    """What all samples follow from, besides their own files."""
    return json.dumps(
        {
            "derivation": _derivation(config),
            "places": config.model_dump(mode="json", include=_PLACES),
            "code": {name: sha256(path) for name, path in code.files().items()},
            "versions": {name: version(name) for name in _LIBRARIES},
        },
        sort_keys=True,
    )


def _derivation(config: PrepareConfig) -> dict[str, Any]:
    """The parameters that samples follow from, wherever files lie."""
    said = config.model_dump(mode="json", exclude=_NOT_DERIVATION | {"night": {"synthetic_list"}})
    return said | {"arms": [parts.content(arm) for arm in config.arms], "translator": parts.content(config.translator)}


def _require_samples(written: Mapping[str, Arm], config: PrepareConfig) -> None:
    for name, arm in written.items():
        for split in ("test",) if name == REAL else ("train", "val"):
            if not arm.counts.get(split):
                raise UsageError(
                    f"arms={name}: the split {split} holds no sample; lower crop.min_side="
                    f"{config.crop.min_side} (and crop.size={config.crop.size} where images are smaller), "
                    f"raise val_fraction={config.val_fraction} or give more images"
                )


def _parameters(config: PrepareConfig, ledger: Ledger) -> dict[str, Any]:
    """What the shards were derived by: parameters, the inputs' digests, and what each rule took out."""
    files = {
        "annotations": config.annotations,
        "exclude": (config.exclude,),
        "night.synthetic_list": (config.night.synthetic_list,),
    }
    return {
        **_derivation(config),
        "inputs": {key: [sha256(local(path, key)) for path in paths if path] for key, paths in files.items()},
        "selection": ledger.counts(),
        "skipped": ledger.skipped_counts(),
        "notes": ledger.note_counts(),
    }


def _told(ledger: Ledger, kind: str) -> str:
    """What each rule took out of a kind of input, what was bad, and what is peculiar."""
    bad = {f"{name}: bad input": reasons for name, reasons in ledger.skipped_counts().items()}
    notes = {f"{name}: taken, with a note in {SELECTION}": reasons for name, reasons in ledger.note_counts().items()}
    kinds = (PHOTOGRAPH, ANNOTATION, BOX) if kind == PHOTOGRAPH else (kind,)
    lines = []
    for name, reasons in (ledger.counts() | bad | notes).items():
        if name.startswith(kinds):
            lines += [name, *(f"  {count:>7,}  {reason}" for reason, count in reasons.items())]
    return "\n".join(lines)


def main(config: PrepareConfig) -> int:
    """Prepares and prints; 0."""
    prepare(config, console=Console(), report=lambda line: print(line, flush=True))
    print(f"wrote {local(config.to, 'to')}; what was left out and why: {SELECTION} and {SKIPPED} there")
    return 0


def _epilogue() -> str:
    return f"arms: {', '.join(parts.names(arms.PACKAGE))}\ntranslators: {', '.join(parts.names(translate.PACKAGE))}"


if __name__ == "__main__":
    run_command(PrepareConfig, main, _epilogue)
