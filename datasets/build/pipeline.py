"""One preparation at work: its stages, each finished chunk by chunk, and what they leave."""

from __future__ import annotations

import contextlib
import pickle
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from ablate.data import shards
from ablate.data.manifest import ADAPT, REAL, REVERSE, Arm
from ablate.errors import UsageError
from datasets import translate
from datasets.arms import Material
from datasets.build import chunks, partition, stages
from datasets.build.chunks import Chunk, ChunkWriter, Finished, Stage
from datasets.build.publishing import ROOT
from datasets.build.requested_arms import LearnedByArm, RequestedArm
from datasets.build.stages import SOURCES, CutCrops, TranslatePhotographs, UnlabelledPhotographs
from datasets.build.workers import Workers
from datasets.options import PrepareConfig
from datasets.progress_line import progress_line
from datasets.raw import crop_fit, early_checks, remarks, synthetic_images, table1
from datasets.raw.candidates import Candidates
from datasets.raw.keys import sample_key
from datasets.raw.skipped import (
    ANNOTATION,
    BOX,
    PHOTOGRAPH,
    SELECTED,
    SELECTION,
    SKIPPED,
    STYLE,
    SYNTHETIC,
    UNLABELLED,
    Considered,
    SelectionLog,
)
from datasets.raw.synthetic_images import Pair
from datasets.translate.domains import style
from datasets.translate.domains.style import Style, StylePhoto
from datasets.translate.domains.training_folder import TRAININGS

_QUIET_SECONDS = 15.0  # between two plain lines of progress

Report = Callable[[str], None]


@dataclass
class Pipeline:
    """One preparation: its stages, and what they leave."""

    config: PrepareConfig
    folder: Path
    workers: Workers
    report: Report
    console: Console
    log: SelectionLog
    done: list[Chunk] = field(default_factory=list)

    def photographs(self, found: Candidates) -> Style:
        """Writes the test set; returns its photographs with an animal, sorted by key."""
        self._require_sound(ANNOTATION, found.listing.n_entries)
        stage = stages.Photographs(self.config)
        looked_at = len(found.test) + sum(min(len(one), self.config.empty_per_location) for one in found.empty)
        hint = f" ({found.missing})" if found.missing else ""
        self._work(PHOTOGRAPH, stage, list(partition.of_photographs(found, stage)), looked_at, hint)
        n_boxes = sum(len(record.boxes(found.rule.categories)) for record in found.test)
        self._require_sound(BOX, n_boxes)
        self.log.remarks += remarks.of_bad_boxes(self.log.skipped, n_boxes)
        self.log.remarks += remarks.of_emptied_locations(self.log.considered)
        self.report(_counts_text(self.log, PHOTOGRAPH))
        locations = {record.location for record in found.listing.records}
        compare = table1.is_the_papers(found.rule, locations, len(found.listing.records))
        self.report("\n".join(["", *table1.table(self.log.considered, compare), ""]))
        for remark in self.log.remarks:
            self.report(remark)
        rows = [row for row in self._scored() if row.split == "test"]
        selected = sorted(rows, key=lambda row: sample_key(row.id))
        return style.of_test(StylePhoto(Path(self.config.photos) / row.file_name, row.location) for row in selected)

    def _scored(self) -> list[Considered]:
        """The photographs that were taken, with an animal and without."""
        return [row for row in self.log.considered if (row.kind, row.reason) == (PHOTOGRAPH, SELECTED)]

    def style(self, paths: Sequence[Path], test: Style) -> Style:
        """The photographs whose style is wanted: the sound ones of `style_photos=`, or the test photographs."""
        if self.config.style_photos is None:
            return test
        stage = UnlabelledPhotographs(Path(self.config.style_photos), STYLE)
        return self._of_folder(stage, list(partition.of_style(paths, self.config)))

    def unlabelled(self, paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
        """Writes the sound pictures of `adapt_photos=`; gives what the manifest tells of their arm, if there is one."""
        if self.config.adapt_photos is None:
            return {}
        stage = UnlabelledPhotographs(Path(self.config.adapt_photos), UNLABELLED, (ADAPT,))
        found = self._of_folder(stage, list(partition.of_unlabelled(paths, self.config)))
        taken = {"count": len(found.photos), "digest": found.digest}
        return {ADAPT: {"adapt_photos": taken, "transductive": found.tested}}

    def _of_folder(self, stage: UnlabelledPhotographs, todo: Sequence[Chunk]) -> Style:
        """The sound pictures of a folder."""
        kind, folder = stage.kind, stage.folder
        total = sum(chunk.images for chunk in todo) + sum(entry.kind == kind for entry in self.log.skipped)
        self._work(kind, stage, todo, total)
        self.report(_counts_text(self.log, kind) + "\n")
        rows = sorted((row for row in self.log.considered if row.kind == kind), key=lambda row: row.file_name)
        scored = (Path(self.config.photos) / row.file_name for row in self._scored())
        return style.of_folder((StylePhoto(folder / row.file_name, row.location) for row in rows), scored)

    def with_crops(self, material: Material, pairs: Sequence[Pair], total: int) -> Material:
        """The material with the crops of the training split, for what learns from them.

        Raises:
            UsageError: too many inputs are bad, or there is no crop; before a long training, not after it.
        """
        found = SelectionLog(skipped=[entry for entry in self.log.skipped if entry.kind == SYNTHETIC])
        written = []
        for record in self._finish(
            "crops to learn from", CutCrops(self.config), list(partition.of_sources(pairs, self.config))
        ):
            found.add(record.considered, record.skipped)
            written += [record.written[SOURCES]] if SOURCES in record.written else []
        found.require_sound(SYNTHETIC, total, self.config.max_bad, listing(self.config))
        if not written:
            raise UsageError(
                f"no animal is large enough to learn from its crop; lower crop.min_side={self.config.crop.min_side}"
            )
        arm = shards.joined(written)
        crops = stages.stored(self.folder / ROOT / shard.name for shard in arm.shards)
        return replace(material, crops=crops, crops_digest=arm.digest)

    def learn(self, chosen: Sequence[RequestedArm], material: Material) -> LearnedByArm:
        """What the training arms learn from the photographs before any sample of them is made."""
        fitted = {}
        for arm in chosen:
            looking = f"{arm.title}: learning the style of {len(material.style.photos):,} photographs"
            with self.console.status(looking) if arm.learns else contextlib.nullcontext():
                fitted[arm.title] = arm.fit(replace(material, folder=self.folder / TRAININGS / arm.title))
        return fitted

    def reverse(self, material: Material) -> dict[str, Any]:
        """Translates the photographs that were written towards the crops; gives what the manifest tells of it."""
        with self.console.status(f"{REVERSE}: learning the style of {len(material.crops):,} crops"):
            fitted = stages.fit_reverse(replace(material, folder=self.folder / TRAININGS / REVERSE), self.config)
        stage = TranslatePhotographs(self.config, pickle.dumps(fitted), translate.wants_gpu(fitted))
        real = [record.written[REAL].shard for record in self._records() if REAL in record.written]
        todo = list(partition.of_real(self.folder / ROOT, real, stage))
        for _ in self._finish(REVERSE, stage, todo):
            pass
        self.done += todo
        return stages.reverse_parameters(material, self.config, fitted)

    def synthetic(self, pairs: Sequence[Pair], total: int, style_: Style, fitted: LearnedByArm) -> None:
        """Writes the training arms; `total` counts the pairs and the images and masks that make none."""
        gpu = any(map(translate.wants_gpu, fitted.values()))
        stage = stages.Synthetic(self.config, pickle.dumps(fitted), gpu)
        self._work(SYNTHETIC, stage, list(partition.of_pairs(pairs, style_, stage)), total)
        rows = [row for row in self.log.considered if (row.kind, row.reason) == (SYNTHETIC, SELECTED)]
        covered = sum(synthetic_images.MOSTLY_ANIMAL in (row.note or "") for row in rows)
        if covered > len(rows) / 2:
            raise UsageError(early_checks.covered_message(covered, len(rows), (), self.config))
        self.report(_counts_text(self.log, SYNTHETIC) + "\n")
        crowded = sum(synthetic_images.CROWDED in (row.note or "") for row in rows)
        if crowded > len(rows) / 2:
            self._remark([synthetic_images.crowded_message(crowded, len(rows))])
        self._remark(crop_fit.remarks(self._windows(), self.config.crop, self.config.trial_defaults))

    def _windows(self) -> Mapping[crop_fit.Wh, int]:
        """How many windows the training arms were cut from, by the size of their images."""
        counted: Counter[crop_fit.Wh] = Counter()
        for name, count in (item for record in self._records() for item in record.windows.items()):
            width, _, height = name.partition("x")
            counted[int(width), int(height)] += count
        return counted

    def _remark(self, remarks: Iterable[str]) -> None:
        for remark in remarks:
            self.log.remarks.append(remark)
            self.report(remark)

    def joined(self, name: str) -> Arm:
        """An arm, from the records of all chunks; one arm's at a time are in memory."""
        return shards.joined(record.written[name] for record in self._records() if name in record.written)

    def keys(self, name: str) -> list[str]:
        """The keys of an arm's samples."""
        written = (record.written[name] for record in self._records() if name in record.written)
        return [key for one in written for key in one.keys]

    def _records(self) -> Iterator[Finished]:
        return (chunks.record(self.folder, chunk) for chunk in self.done)

    def _work(self, kind: str, stage: Stage, todo: Sequence[Chunk], total: int, cause: str = "") -> None:
        """Finishes the chunks of a stage and judges what they found; `total` inputs of a kind."""
        for record in self._finish(kind, stage, todo):
            self.log.add(record.considered, record.skipped)
        self.done += todo
        self._require_sound(kind, total, cause)  # when all are known: the list of what to mend is whole
        marked = self.config.marked_by if kind == SYNTHETIC else ""
        hint = f"; is it what {marked} says?" if marked else ""
        self.log.require_usable(kind, total, listing(self.config), hint)

    def _finish(self, kind: str, stage: Stage, todo: Sequence[Chunk]) -> Iterator[Finished]:
        """Yields the records of all chunks: first of those that an earlier try has finished, then of the others."""
        remaining = []
        before = 0
        for chunk in todo:
            record = chunks.finished(self.folder, chunk)
            if record is None:
                remaining.append(chunk)
            else:
                before += chunk.images
                yield record
        if before:
            self.report(f"{kind}: resuming, {len(todo) - len(remaining)} of {len(todo)} chunks were already finished")
        images, done, began = sum(chunk.images for chunk in todo), before, time.monotonic()
        with progress_line(images, self.console, _QUIET_SECONDS, before) as show:
            show(done, f"{kind}: {done:,} of {images:,}")
            for chunk, record in self.workers.work(ChunkWriter(stage, self.folder), remaining):
                done += chunk.images
                rate = (done - before) / max(time.monotonic() - began, 1e-3)
                show(done, f"{kind}: {done:,} of {images:,}, {rate:,.0f} images/s")
                yield record

    def _require_sound(self, kind: str, total: int, cause: str = "") -> None:
        self.log.require_sound(kind, total, self.config.max_bad, listing(self.config), cause)


def listing(config: PrepareConfig) -> Path:
    """Where bad inputs are listed if there are too many."""
    to = Path(config.to)
    return to.with_name(f"{to.name}.{SKIPPED}")


def _counts_text(log: SelectionLog, kind: str) -> str:
    """What each rule took out of a kind of input, what was bad, and what is peculiar."""
    bad = {f"{name}: bad input": reasons for name, reasons in log.skipped_counts().items()}
    notes = {f"{name}: taken, with a note in {SELECTION}": reasons for name, reasons in log.note_counts().items()}
    kinds = (PHOTOGRAPH, ANNOTATION, BOX) if kind == PHOTOGRAPH else (kind,)
    lines = []
    for name, reasons in (log.counts() | bad | notes).items():
        if name.startswith(kinds):
            lines += [name, *(f"  {count:>7,}  {reason}" for reason, count in reasons.items())]
    return "\n".join(lines)
