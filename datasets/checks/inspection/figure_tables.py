"""The figures of synthetic animals beside those of photographed ones, as aligned text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ablate.data.natural_order import natural
from ablate.errors import plain
from ablate.report.text_grid import Cell, Grid
from datasets.checks.inspection import figure_marks, photographed_deer
from datasets.checks.inspection.animal_figures import (
    MOST,
    NEAR_EDGE,
    Channels,
    Figures,
    Measured,
    Reading,
    Three,
    quantiles,
    summary,
)
from datasets.checks.inspection.rendered_scenes import Scene

_COLOURS = ("red", "green", "blue")
_NONE = "-"
Value = TypeVar("Value")

DEER = Figures(photographed_deer.AREA, photographed_deer.ASPECT, photographed_deer.EDGE, photographed_deer.COAT)


@dataclass(frozen=True)
class _Compared:
    """A column of photographs and the words for how the synthetic figures differ from it, line by line."""

    values: list[str]
    words: list[str]


def animals_grid(synthetic: Figures, here: Figures | None) -> Grid:
    """Synthetic animals beside photographed deer, and beside the photographs of the data root, if it has any."""
    deer = _Compared(
        [*_lines(DEER)[:-3], *(f"{low:.0f} to {high:.0f}" for low, high in photographed_deer.FRAME_RANGES)],
        [*_words(synthetic, DEER)[:-3], *_in_range(synthetic.frame)],
    )
    columns = [deer] if here is None else [deer, _Compared(_lines(here), _words(synthetic, here))]
    headers = ["", "synthetic", "photographed\ndeer", "synthetic\nis"]
    headers += [] if here is None else ["photographs\nhere", "synthetic\nis"]
    rows = []
    for number, (label, value) in enumerate(zip(_labels(), _lines(synthetic), strict=True)):
        cells = [Cell(label), Cell(value)]
        for column in columns:
            cells += [Cell(column.values[number]), Cell(column.words[number], bold=True)]
        rows.append(cells)
    ruled = [*rows[:5], None, *rows[5:8], None, *rows[8:]]
    return Grid(headers, ruled, left=(0, 3, 5))


def notes(synthetic: Reading, here: Reading | None) -> Iterator[str]:
    """What the lines of `animals_grid` mean, and what they were measured on."""
    yield f"box: the largest of an image; at the frame's edge: within {100 * NEAR_EDGE:g} % of its side"
    yield "coat: the animal's pixels in the central half of its box; colours: quartiles of the images' means"
    yield f"photographed deer: {photographed_deer.SOURCE}"
    yield (
        f"a word: an area is off by more than a factor {figure_marks.MEDIAN_AREA:g} (median) or "
        f"{figure_marks.TAIL_AREA:g} (5 %, 95 %), width / height by a factor {figure_marks.ASPECT:g}, the edge by "
        f"{100 * figure_marks.EDGE:.0f} points, a colour by {figure_marks.COLOUR:.0f} levels, or its median is outside "
        "of the range"
    )
    measured = [_measured_of(synthetic, "synthetic images")]
    measured += [] if here is None else [_measured_of(here, "photographs")]
    yield f"measured: {' and '.join(measured)}"


def biomes_grid(images: Sequence[Measured], scenes: Mapping[str, Scene]) -> Grid:
    """The images of each biome of a list of scenes, and all together; boxes and colours by their medians."""
    headers = ["biome", "rendered", "no\nanimal", "images", "visible\n%", "box\narea", "width /\nheight"]
    headers += ["at the\nedge", "coat\nR/G/B", "frame\nR/G/B"]
    known = [image for image in images if image.source in scenes]
    rows = []
    for biome in sorted({scene.biome for scene in scenes.values()}, key=natural):
        of_biome = {name: scene for name, scene in scenes.items() if scene.biome == biome}
        rows.append(_biome(biome, of_biome, [image for image in known if image.source in of_biome]))
    return Grid(headers, [*rows, None, _biome("all", scenes, known)])


def _biome(name: str, scenes: Mapping[str, Scene], images: Sequence[Measured]) -> list[Cell]:
    told = [scenes[image.source].visible for image in images]
    visible = quantiles([share for share in told if share is not None])
    empty = sum(scene.visible is None for scene in scenes.values())
    figures = summary(images)
    texts = [
        plain(name),
        f"{len(scenes):,}",
        _percent(empty / len(scenes)),
        f"{len(images):,}",
        _shown(visible, lambda shares: "/".join(f"{100 * share:.0f}" for share in shares)),
        _shown(figures.area, lambda area: _percent(area[1])),
        _shown(figures.aspect, "{:.2f}".format),
        _shown(figures.edge, _percent),
        _shown(figures.coat, _medians),
        _shown(figures.frame, _medians),
    ]
    return [Cell(text) for text in texts]


def _labels() -> list[str]:
    areas = [f"box area, {what}" for what in ("5 %", "median", "95 %")]
    colours = [f"{where}, {colour}" for where in ("coat", "frame") for colour in _COLOURS]
    return [*areas, "box width / height, median", "boxes at the frame's edge", *colours]


def _lines(figures: Figures) -> list[str]:
    areas = [_NONE] * 3 if figures.area is None else [_percent(area) for area in figures.area]
    colours = [
        [_NONE] * 3 if channels is None else ["/".join(f"{level:.0f}" for level in three) for three in channels]
        for channels in (figures.coat, figures.frame)
    ]
    return [*areas, _shown(figures.aspect, "{:.2f}".format), _shown(figures.edge, _percent), *colours[0], *colours[1]]


def _words(ours: Figures, theirs: Figures) -> list[str]:
    return [
        *(figure_marks.of_area(ours.area, theirs.area) if ours.area and theirs.area else [""] * 3),
        "" if ours.aspect is None or theirs.aspect is None else figure_marks.of_aspect(ours.aspect, theirs.aspect),
        "" if ours.edge is None or theirs.edge is None else figure_marks.of_edge(ours.edge, theirs.edge),
        *(figure_marks.of_colours(ours.coat, theirs.coat) if ours.coat and theirs.coat else [""] * 3),
        *(figure_marks.of_colours(ours.frame, theirs.frame) if ours.frame and theirs.frame else [""] * 3),
    ]


def _in_range(frame: Channels | None) -> list[str]:
    return [""] * 3 if frame is None else figure_marks.of_range(frame, photographed_deer.FRAME_RANGES)


def _measured_of(reading: Reading, what: str) -> str:
    text = f"{len(reading.images):,} of {reading.held:,} {what}"
    if reading.held > MOST:
        text += f" (at most {MOST:,}, drawn evenly)"
    return f"{text}, {reading.broken:,} cannot be decoded" if reading.broken else text


def _shown(value: Value | None, form: Callable[[Value], str]) -> str:
    return _NONE if value is None else form(value)


def _percent(share: float) -> str:
    percent = round(100 * share, 1)
    return f"{percent:.0f} %" if percent >= 10 or percent.is_integer() else f"{percent:.1f} %"


def _medians(channels: tuple[Three, Three, Three]) -> str:
    return "/".join(f"{median:.0f}" for _, median, _ in channels)
