"""Possible problems that follow from the counts of a data set."""

from __future__ import annotations

from collections.abc import Mapping

from ablate.data import shards
from ablate.data.manifest import REAL, Arm, Manifest
from ablate.data.published import LISTED_FROM
from ablate.report.layout import plural
from datasets.checks.inspection import misread
from datasets.checks.inspection.census import Census, TrainingArm
from datasets.checks.inspection.findings import Findings
from datasets.options import Crop
from datasets.raw import crop_fit

_MOST = 0.8  # of the pixels, by the median
_MOST_BOXES = 5  # a sample
_NO_FALSE_ALARMS = "false alarms cannot be measured"  # which preparation may have said, with the reason
_LEAST_SIDE = 8  # px, of a window that prepare writes


def add_warnings(manifest: Manifest, census: Census, mask_shares: Mapping[str, float], findings: Findings) -> None:
    """Adds a sentence for everything that stands in the way of training, validating or testing as the paper does."""
    if not census.training:
        findings.note("no training arm: there is nothing to train on")
    for arm, recorded in manifest.arms.items():
        _compare_counts(arm, recorded, findings)
    for arm, counts in census.training.items():
        _check_splits(arm, manifest, findings)
        if mask_shares.get(arm, 0) > _MOST:
            findings.note(
                f"{arm}: masks cover {100 * mask_shares[arm]:.0f} % of the pixels; is the animal what is not 0? "
                "See mask_ids= and mask_colors= of datasets.prepare"
            )
        _check_boxes(arm, counts, findings)
    _check_windows(census, manifest, findings)
    _check_leaks(census, findings)
    misread.add_warnings(manifest, census.signs, findings)
    if REAL in manifest.arms:
        _check_photographs(census, manifest, findings)
    else:
        findings.note("no photographs: there is nothing to test on")


def _compare_counts(arm: str, recorded: Arm, findings: Findings) -> None:
    for split in shards.splits(arm):
        held, counted = sum(shard.samples for shard in recorded.of_split(arm, split)), recorded.counts.get(split, 0)
        if held != counted:
            findings.note(f"{arm}/{split}: {held:,} samples in the shards, {counted:,} by the manifest's count")


def _check_splits(arm: str, manifest: Manifest, findings: Findings) -> None:
    counts = manifest.arms[arm].counts
    if not counts.get("train"):
        findings.note(f"{arm}: no split train, so that it cannot be trained on")
    if not counts.get("val"):
        findings.note(f"{arm}: no split val, so that its training cannot be validated")


def _check_boxes(arm: str, counts: TrainingArm, findings: Findings) -> None:
    if counts.boxes > _MOST_BOXES * counts.samples:
        findings.note(
            f"{arm}: {counts.boxes / counts.samples:.1f} boxes a sample; is each an animal? Specks come from masks "
            "that were compressed or smoothed: prepare again with mask_threshold=128"
        )


def _check_windows(census: Census, manifest: Manifest, findings: Findings) -> None:
    """Once for all arms, whose windows are the same; preparation may have said it already."""
    if crop_fit.MARK in str(manifest.parameters.get("remarks", "")):
        return
    arms = [counts for counts in census.training.values() if counts.measured]
    if arms:
        crop = manifest.parameters.get("crop")
        recorded = crop.get("min_side") if isinstance(crop, dict) else None
        min_side = recorded if isinstance(recorded, int) and recorded > 0 else Crop().min_side
        side = max(arms[0].window_side, _LEAST_SIDE)
        for sentence in crop_fit.remarks(
            arms[0].measured_in, Crop.model_construct(size=side, min_side=min_side), manifest.trial_defaults
        ):
            findings.note(sentence)


def _check_leaks(census: Census, findings: Findings) -> None:
    train: dict[str, str] = {}
    for arm, counts in census.training.items():
        train |= dict.fromkeys(counts.sources.get("train", ()), arm)
    leaked = {
        source: arm
        for arm, counts in census.training.items()
        for source in counts.sources.get("val", ())
        if source in train
    }
    if leaked:
        first = min(leaked)
        findings.note(
            f"split leak: {plural(len(leaked), 'source image')} on both sides of the split, such as {first} "
            f"(train in {train[first]}, val in {leaked[first]}): validation sees what was trained on"
        )


def _check_photographs(census: Census, manifest: Manifest, findings: Findings) -> None:
    for name, location in census.locations.items():
        if location["test"] and not location["boxes"]:
            findings.note(f"location {name}: {plural(location['test'], 'test photograph')} and not one true box")
    most = max((location["test"] for location in census.locations.values()), default=0)
    if most < LISTED_FROM:
        findings.note(
            f"no location has {LISTED_FROM} test photographs (the most: {most}), so that tables list every location"
        )
    said = _NO_FALSE_ALARMS in str(manifest.parameters.get("remarks", ""))
    if not said and not any(location["empty"] for location in census.locations.values()):
        findings.note(f"no photographs without an animal, so that {_NO_FALSE_ALARMS}")
