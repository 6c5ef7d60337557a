"""The JSON of samples, as far as it is looked at; see the arms for who writes it."""

from __future__ import annotations

from typing import TypeVar

import pydantic

from ablate.data.shards import Sample
from ablate.errors import UsageError

Box = tuple[float, float, float, float]
Wh = tuple[int, int]


class TrainingMeta(pydantic.BaseModel):
    """A training sample: its source image, the window in it, and the animals' boxes in its own pixels."""

    source: str
    window: tuple[int, int, int, int] | None
    boxes: list[Box]
    translator: str | None


class Labelled(pydantic.BaseModel):
    """A true box, xyxy in pixels, and the category of the animal in it."""

    box: Box
    category: str


class PhotographMeta(pydantic.BaseModel):
    """A photograph: where and when it was taken, its size in pixels, and the true boxes."""

    location: str
    seq_id: str | None = None
    captured_at: str | None
    width: int
    height: int
    boxes: list[Labelled]


Meta = TypeVar("Meta", TrainingMeta, PhotographMeta)


def parsed(schema: type[Meta], sample: Sample, where: str) -> Meta:
    """A sample's JSON.

    Raises:
        UsageError: it is not of the schema; names the sample, which is in `where`, and the field.
    """
    try:
        return schema.model_validate(sample.meta)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"{where}, sample {sample.key}: {name} in its JSON: {first['msg']}; prepare the data again"
        ) from error
