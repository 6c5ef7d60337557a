"""The JSON of samples, as far as readers rely on it: what is there is of the right type, whoever wrote it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import pydantic
from pydantic import Field

from ablate.errors import plain

_Number = Annotated[float, Field(allow_inf_nan=False)]
Box = tuple[_Number, _Number, _Number, _Number]  # xyxy, pixels


class Labelled(pydantic.BaseModel):
    """A true box, and the category of the animal in it."""

    box: Box
    category: str = ""


class Training(pydantic.BaseModel):
    """What a sample of a training arm may say."""

    source: str = ""
    window: tuple[int, int, int, int] | None = None
    boxes: list[Box] = []
    translator: str | None = None
    place: str | None = None


class Photograph(pydantic.BaseModel):
    """What a photograph may say."""

    image_id: str = ""
    location: str = ""
    seq_id: str | None = None
    captured_at: datetime | None = None
    width: Annotated[int, Field(ge=1, le=10**6)] = 1
    height: Annotated[int, Field(ge=1, le=10**6)] = 1
    boxes: list[Labelled] = []


def decoded(data: bytes) -> dict[str, Any]:
    """A sample's JSON.

    Raises:
        ValueError: it is none, or no object.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its JSON cannot be read: {plain(str(error))}") from error
    if not isinstance(found, dict):
        raise ValueError(f"its JSON is a {type(found).__name__}, not an object")
    return found


def require(meta: dict[str, Any], schema: type[Training | Photograph]) -> None:
    """Raises a ValueError, which names the field, where a sample's JSON is not of a schema."""
    try:
        schema.model_validate(meta)
    except pydantic.ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))} in its JSON: {first['msg']}") from error
