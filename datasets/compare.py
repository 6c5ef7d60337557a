"""`python -m datasets.compare data=PATH`: compares the translated crops of a data root with the photographs.

For each arm of translated crops: how far it moved towards the photographs (Fréchet distance of colour and texture
statistics), how many of the crops' edges it kept, and whether a network that was trained on the crops still finds the
animal in it; and a sheet that shows the same crops in every style, because a translation is judged by eye.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import pydantic
import torch
from pydantic import Field
from rich.console import Console

from ablate.cli import run_command
from ablate.data import arrays
from ablate.data.arrays import Pictures
from ablate.data.manifest import REAL
from ablate.data.root import Data
from ablate.errors import UsageError
from ablate.report.text_grid import Cell, Grid
from ablate.storage import local, publish
from datasets import embedded
from datasets.checks.similarity import comparison_sheet, edges, frechet, recognition
from datasets.checks.similarity.verdict import Translation
from datasets.raw.keys import share
from datasets.translate.contrastive.training import accelerator

SIDE = recognition.SIDE
CROP = "crop"
_FEWEST = 5  # photographs whose spread can be told
_ROOM = 44  # characters of a translator in the table; the manifest has all of it


class CompareConfig(pydantic.BaseModel):
    """Compare the translated arms of a data set with its crops and its photographs."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    data: Annotated[str, Field(min_length=1, description="an embedded data set, or a folder or URL of shards")] = "demo"
    to: Annotated[str, Field(description="JPEG file for the comparison sheet")] = "translations.jpg"
    samples: Annotated[int, Field(ge=20, description="maximum number of images measured per arm")] = 2000
    rows: Annotated[int, Field(ge=1, le=60, description="crops on the sheet")] = 8
    images: Annotated[int, Field(ge=1, description="number of images that the network is trained on")] = 8000
    seed: Annotated[int, Field(ge=0, description="seed of the choice of images")] = 0


def main(config: CompareConfig) -> int:
    """Prints the table and writes the sheet; 0.

    Raises:
        UsageError: there is no such data, or it has no crops, no photographs or no translated arm.
    """
    data = embedded.find(config.data)
    arms = translated(data)
    data.verify([REAL, CROP, *arms], print)
    found = compare(data, arms, config)
    for line in grid(found).lines():
        Console(highlight=False).print(line, soft_wrap=True)
    print(
        f"\nAll measured at {SIDE} px. frechet: distance to the photographs in units of their own spread (0: alike);\n"
        "moved: reduction of that distance; edges: correlation with the edges of the crops, around the animal;\n"
        "mask IoU: of a small U-Net trained on the crops, on the same val split\n"
    )
    for one in found:
        print(f"{one.arm}: {one.verdict}")
    to = local(config.to, "to")
    publish(to, _sheet(data, arms, config))
    print(f"\ncomparison sheet: {to}")
    return 0


def translated(data: Data) -> dict[str, str]:
    """The arms of translated crops, each with its translator.

    Raises:
        UsageError: there is nothing to compare.
    """
    recorded = data.manifest.parameters.get("arms")
    recorded = recorded if isinstance(recorded, dict) else {}
    training = data.manifest.training_arms()
    found = {
        arm: str(about["translator"])
        for arm, about in recorded.items()
        if arm in training and isinstance(about, dict) and about.get("translator")
    }
    for needed in (CROP, REAL):
        if needed not in data.manifest.arms:
            raise UsageError(f"data={data.place}: it has no arm {needed!r}, with which translations are compared")
    if not found:
        raise UsageError(f"data={data.place}: no translated arm; repeat datasets.prepare with arms=crop,i2i")
    return dict(sorted(found.items()))


def compare(data: Data, arms: Mapping[str, str], config: CompareConfig) -> list[Translation]:
    """Measures each arm."""
    photographs = _measured(arrays.load(data, REAL, "test", SIDE), config)
    if len(photographs) < _FEWEST:
        raise UsageError(
            f"data={data.place}: {len(photographs)} photographs, too few to compare with; {_FEWEST} or more are needed"
        )
    photo_nf = frechet.features(photographs.image_n3hw)
    unit_f = frechet.unit(photo_nf)
    train, val = (arrays.load(data, CROP, split, SIDE) for split in ("train", "val"))
    crops = _measured(train, config)
    mask_nhw = [crops.mask_hw(index) for index in range(len(crops))]
    before = frechet.frechet(frechet.features(crops.image_n3hw), photo_nf, unit_f)
    device = accelerator()
    network, trial = recognition.trained(train, val, config.images, device)
    iou_before = recognition.mask_iou(network, val, trial, device)
    found = []
    for arm, translator in arms.items():
        own = _measured(arrays.load(data, arm, "train", SIDE), config)
        own_val = arrays.load(data, arm, "val", SIDE)
        _require_same_masks(arm, val, own_val)
        found.append(
            Translation(
                arm=arm,
                translator=translator,
                distance=frechet.frechet(frechet.features(own.image_n3hw), photo_nf, unit_f),
                before=before,
                edges=edges.edge_correlation(crops.image_n3hw, own.image_n3hw, mask_nhw),
                iou=recognition.mask_iou(network, own_val, trial, device),
                iou_before=iou_before,
            )
        )
    return found


def grid(found: list[Translation]) -> Grid:
    """A row for the crops and for each translation."""
    first = found[0]
    rows = [[Cell(CROP), Cell("-"), Cell(f"{first.before:.1f}"), Cell("-"), Cell("-"), _percent(first.iou_before)]]
    rows += [
        [
            Cell(one.arm),
            Cell(_shortened(one.translator)),
            Cell(f"{one.distance:.1f}"),
            Cell(f"{100 * one.moved:.0f} %"),
            Cell(f"{one.edges:.2f}"),
            _percent(one.iou),
        ]
        for one in found
    ]
    return Grid(["arm", "translator", "frechet", "moved", "edges", "mask IoU"], rows, left=(0, 1))


def _shortened(translator: str) -> str:
    """An identity that fits a table: all of its name and of its digest, its parameters as far as there is room."""
    said, mark, digest = translator.partition("#")
    room = _ROOM - len(mark + digest)
    return (said if len(said) <= room else f"{said[: room - 1]}…") + mark + digest


def _percent(value: float) -> Cell:
    return Cell(f"{100 * value:.1f}")


def _measured(all_of_them: Pictures, config: CompareConfig) -> Pictures:
    """The pictures that are measured: all, or as many as wanted, the same ones of every arm."""
    if len(all_of_them) <= config.samples:
        return all_of_them
    return all_of_them.at(sorted(_drawn(all_of_them, config.samples, config.seed)))


def _drawn(pictures: Pictures, count: int, seed: int) -> list[int]:
    """The indices of some pictures, which their names decide, in an order of chance."""
    shares = [share(seed, _name(meta)) for meta in pictures.meta_n]
    return sorted(range(len(shares)), key=shares.__getitem__)[:count]


def _name(meta: Mapping[str, object]) -> str:
    return f"{meta.get('source') or meta.get('image_id')} {meta.get('window')}"


def _require_same_masks(arm: str, crops: Pictures, own: Pictures) -> None:
    if not torch.equal(crops.mask_n1hk, own.mask_n1hk):
        raise UsageError(f"arm {arm}: its masks are not those of the crops; prepare the data again")


def _sheet(data: Data, arms: Mapping[str, str], config: CompareConfig) -> bytes:
    size = 2 * SIDE
    crops = arrays.load(data, CROP, "val", size)
    chosen = _drawn(crops, config.rows, config.seed)
    photographs = arrays.load(data, REAL, "test", size)
    shown = _drawn(photographs, len(chosen), config.seed)
    columns = {CROP: ("as rendered", crops.image_n3hw[chosen])}
    columns |= {arm: (what, arrays.load(data, arm, "val", size).image_n3hw[chosen]) for arm, what in arms.items()}
    columns["photographs"] = ("from the test set", photographs.image_n3hw[shown])
    title = f"{Path(config.data).name}: the same crops in every style"
    return comparison_sheet.draw(title, columns, [str(crops.meta_n[index]["source"]) for index in chosen])


if __name__ == "__main__":
    run_command(CompareConfig, main, embedded.described)
