"""`where="model=unet arm!=full"`: the trials of a plan that have, or do not have, some values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import pydantic

from ablate.config import TrialConfig
from ablate.errors import UsageError, suggest

Keep = Callable[[TrialConfig], bool]

_CONDITION = re.compile(r"(?P<field>\w+)(?P<sign>!?=)(?P<values>\S*)")


def parse(text: str) -> Keep:
    """A test that a configuration passes where it meets every condition.

    Args:
        text: conditions with spaces between them: `field=value` or `field!=value`; `field=a,b` is any of them.

    Raises:
        UsageError: one is not of this form, or names no field, or a value that the field does not take.
    """
    conditions = [_condition(word) for word in text.split()]
    if not conditions:
        raise UsageError('where=: no condition; write it like where="model=unet arm!=full"')
    return lambda config: all(keep(config) for keep in conditions)


def matching_trials(rows: Iterable[Mapping[str, object]], text: str) -> list[str]:
    """The trials among rows of `trials` whose configuration meets the conditions; detectors have none.

    Raises:
        UsageError: as `parse` does.
    """
    keep = parse(text)
    return [str(row["trial"]) for row in rows if row["reference"] is None and keep(_config(row))]


def _config(row: Mapping[str, object]) -> TrialConfig:
    """What a row says; a field that was not there yet is at its default."""
    return TrialConfig.model_validate(
        {field: value for field in TrialConfig.model_fields if (value := row.get(field)) is not None}
    )


def _condition(word: str) -> Keep:
    found = _CONDITION.fullmatch(word)
    if found is None:
        raise UsageError(f"where={word}: not a condition; write field=value, field!=value or field=one,other")
    field, wanted = found["field"], found["sign"] == "="
    if field not in TrialConfig.model_fields:
        raise UsageError(f"where={word}: no field {field!r}; {suggest(field, TrialConfig.model_fields)}")
    if not found["values"] and TrialConfig.model_fields[field].default != "":
        raise UsageError(f"where={word}: no value; write {field}=value, or leave it out")
    values = {_value(field, value, word) for value in found["values"].split(",")}
    return lambda config: (getattr(config, field) in values) == wanted


def _value(field: str, text: str, word: str) -> object:
    try:
        return getattr(TrialConfig.model_validate({field: text}), field)
    except pydantic.ValidationError as error:
        raise UsageError(f"where={word}: {text!r}: {error.errors()[0]['msg']}") from error
