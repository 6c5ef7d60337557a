"""Whether boxes are what COCO says: [x, y, width, height] in pixels of the frame whose size the JSON tells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datasets.raw.camera_traps import Box

Wh = tuple[float, float]

_FAR = 0.1  # of the frame's side; boxes drawn by hand overflow by less
_LITTLE = 0.01
_OFTEN = 0.2  # of the boxes; read as another form, more than that reach far out of the frame
_FITS = 0.98  # of the boxes must lie in the frame for another reading to explain them
_MANY = 10  # boxes from which on their common place says something


def implausible(box_xywh: Box, frame_wh: Wh) -> str | None:
    """Why a box cannot be one of the frame, with its value and the frame's size; None where it can.

    Boxes that overflow by a little are plausible; they are to be clipped.
    """
    x, y, w, h = box_xywh
    example = f"{shown(box_xywh)} in {frame_wh[0]:g}x{frame_wh[1]:g} px"
    if _in_fractions(box_xywh):
        return f"box below one pixel: {example}; are they fractions of the frame?"
    if min(w, h) < 1:
        return f"box below one pixel: {example}"
    if x >= frame_wh[0] or y >= frame_wh[1] or x + w <= 0 or y + h <= 0:
        return f"box outside the frame: {example}"
    if _overshoot(np.array([box_xywh]), np.array([frame_wh]))[0] > _FAR:
        hint = "; is it [x0, y0, x1, y1]?" if x < w <= frame_wh[0] and y < h <= frame_wh[1] else ""
        return f"box reaches far out of the frame: {example}{hint}"
    return None


def _in_fractions(box_xywh: Box) -> bool:
    """Whether a box seems to be told in fractions of the frame; one of a pixel's size may lie anywhere."""
    return max(box_xywh[2:]) < 1 or max(box_xywh) <= 1


def shown(box_xywh: Box) -> str:
    """A box as messages quote it."""
    return f"[{', '.join(f'{number:.6g}' for number in box_xywh)}]"


def misread(boxes_xywh: Sequence[Box], frames_wh: Sequence[Wh | None]) -> str | None:
    """What most boxes are instead of [x, y, width, height] in pixels, and what to do; None where they may be just that.

    Args:
        frames_wh: the size of the frame that each box refers to, where it is known.
    """
    fractions = [box for box in boxes_xywh if _in_fractions(box)]
    if len(fractions) > len(boxes_xywh) / 2:
        return (
            f"{len(fractions)} of {len(boxes_xywh)} boxes are fractions of the frame, not pixels, such as "
            f"{shown(fractions[0])}; multiply x and width by the frame's width, y and "
            "height by its height"
        )
    known = [(box, wh) for box, wh in zip(boxes_xywh, frames_wh, strict=True) if wh is not None]
    if not known:
        return None
    box_n4, frame_n2 = np.array([box for box, _ in known]), np.array([wh for _, wh in known])
    return _other_form(box_n4, frame_n2) or _percent(box_n4, frame_n2)


def _other_form(box_n4: NDArray[np.float64], frame_n2: NDArray[np.float64]) -> str | None:
    """Another order of four numbers, or another picture's pixels, that would explain boxes far out of their frames."""
    far_n = _overshoot(box_n4, frame_n2) > _FAR
    if far_n.mean() <= _OFTEN or far_n.sum() < 3:
        return None
    first = int(far_n.argmax())
    example = (
        f"{far_n.sum()} of {len(far_n)} boxes reach far out of the frame, such as {shown(tuple(box_n4[first]))} in "
        f"{frame_n2[first, 0]:g}x{frame_n2[first, 1]:g} px"
    )
    start_n2, end_n2 = box_n4[:, :2], box_n4[:, 2:]
    if _in_frame(start_n2, end_n2, frame_n2) >= _FITS:
        return f"{example}: they look like [x0, y0, x1, y1]; write [x0, y0, x1 - x0, y1 - y0]"
    if _in_frame(start_n2 - end_n2 / 2, start_n2 + end_n2 / 2, frame_n2) >= _FITS:
        return (
            f"{example}: they look like [centre x, centre y, width, height]; subtract half of the size from the centre"
        )
    if far_n.mean() > 0.5:
        return f"{example}: are they pixels of a larger picture? width and height must be those that the boxes refer to"
    return None


def _percent(box_n4: NDArray[np.float64], frame_n2: NDArray[np.float64]) -> str | None:
    end_n2 = box_n4[:, :2] + box_n4[:, 2:]
    if len(box_n4) < 3 or frame_n2.min() < 400 or end_n2.max() > 101 or end_n2.max(axis=0).min() < 80:
        return None
    return (
        f"all {len(box_n4)} boxes lie within 0 to 100 and fill it, in frames such as {frame_n2[0, 0]:g}x"
        f"{frame_n2[0, 1]:g} px, such as {shown(tuple(box_n4[0]))}: they look like percent of the frame, not pixels; "
        "multiply x and width by the frame's width / 100, y and height by its height / 100"
    )


def doubtful(boxes_xywh: Sequence[Box], frames_wh: Sequence[Wh | None]) -> list[str]:
    """Sentences about what is peculiar of all boxes together, though each might be a box."""
    known = [(box, wh) for box, wh in zip(boxes_xywh, frames_wh, strict=True) if wh is not None]
    if len(known) < _MANY:
        return []
    box_n4, frame_n2 = np.array([box for box, _ in known]), np.array([wh for _, wh in known])
    start_n2, end_n2 = box_n4[:, :2] / frame_n2, (box_n4[:, :2] + box_n4[:, 2:]) / frame_n2
    said = []
    reach_2 = end_n2.max(axis=0)
    if reach_2.max() < 0.55:
        said.append(
            f"none of {len(known)} boxes reaches beyond {100 * reach_2[0]:.0f} % of its frame's width and "
            f"{100 * reach_2[1]:.0f} % of its height: are they pixels of a smaller picture than width and height tell?"
        )
    last_2 = (box_n4[:, :2] + box_n4[:, 2:]).max(axis=0)
    if frame_n2.min() > 1100 and last_2.min() > 800 and last_2.max() <= 1001:
        said.append(
            f"all {len(known)} boxes lie within 0 to 1000 and fill it, in frames such as {frame_n2[0, 0]:g}x"
            f"{frame_n2[0, 1]:g} px: are they thousandths of the frame, not pixels?"
        )
    after, before = (end_n2 > 1 + _LITTLE).any(axis=1).mean(), (start_n2 < -_LITTLE).any(axis=1).mean()
    if after >= 0.05 and before <= after / 5:
        said.append(
            f"{100 * after:.0f} % of the boxes pass the right or the lower edge of their frame, and "
            f"{100 * before:.0f} % the left or the upper one: are they [x, y, width, height]?"
        )
    return said


def _overshoot(box_n4: NDArray[np.float64], frame_n2: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each box reaches out of its frame, in sides of the frame; at most 0 inside."""
    start_n2, end_n2 = box_n4[:, :2], box_n4[:, :2] + box_n4[:, 2:]
    out_n: NDArray[np.float64] = (np.maximum(-start_n2, end_n2 - frame_n2) / frame_n2).max(axis=1)
    return out_n


def _in_frame(start_n2: NDArray[np.float64], end_n2: NDArray[np.float64], frame_n2: NDArray[np.float64]) -> float:
    """The share of boxes with an area that lie in their frames, but for the little that is clipped."""
    inside_n2 = (start_n2 >= -_LITTLE * frame_n2) & (end_n2 <= (1 + _LITTLE) * frame_n2) & (end_n2 > start_n2)
    return float(inside_n2.all(axis=1).mean())
