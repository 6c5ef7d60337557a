"""The plans of runs, `<out>/runs/<id>.json`: what each of them asked for, written before Ray starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pydantic

from ablate.errors import UsageError

_SMOKE = "smoke"


class SpaceRequest(pydantic.BaseModel):
    """What a run asked of one space.

    Attributes:
        judges: whether verdicts may be made of its trials.
    """

    model_config = pydantic.ConfigDict(frozen=True)

    space: str
    trials: tuple[str, ...]
    judges: bool = True


class TrialToRun(pydantic.BaseModel):
    """What a plan says of a trial that it was to train or score; older plans say nothing."""

    model_config = pydantic.ConfigDict(frozen=True)

    name: str | None = None
    epochs: int | None = None


class Run(pydantic.BaseModel):
    """The plan of a run.

    Attributes:
        run: its id, which begins with the time; the name of its file.
        to_run: those of its trials that it was to train or score; of older plans, which do not tell, none.
        spaces: as they were joined in `space`; of older plans, which do not tell, all in one.
        search: that the run went on with; its trials are not in the plan.
        samples: how many trials that is to have, in all its cells; None of a grid, and of older plans.
    """

    model_config = pydantic.ConfigDict(frozen=True)

    run: str
    started_at: str = ""
    space: str = ""
    command: str = ""
    data: str | None = None
    trials: tuple[str, ...] = ()
    to_run: Mapping[str, TrialToRun] = {}
    search: str | None = None
    samples: int | None = None
    spaces: tuple[SpaceRequest, ...] = ()

    @pydantic.field_validator("to_run", mode="before")
    @classmethod
    def _of_older_plans(cls, given: object) -> object:
        return dict.fromkeys(given, TrialToRun()) if isinstance(given, list) else given

    @property
    def asked(self) -> Sequence[SpaceRequest]:
        if self.spaces or not self.trials:
            return self.spaces
        return [SpaceRequest(space=self.space, trials=self.trials, judges=self.space != _SMOKE)]


def read(out: Path) -> list[Run]:
    """The plans of all runs of a folder of results, the earliest first.

    Raises:
        UsageError: one is no plan; names it.
    """
    return [_read(path) for path in sorted((out / "runs").glob("[!.]*.json"))]


def unjudged_trials(out: Path) -> set[str]:
    """The trials that only spaces asked for of which no verdict may be made."""
    asked = [one for run in read(out) for one in run.asked]
    judged = {trial for one in asked if one.judges for trial in one.trials}
    return {trial for one in asked for trial in one.trials} - judged


def _read(path: Path) -> Run:
    try:
        found = pydantic.TypeAdapter(dict[str, object]).validate_json(path.read_bytes())
        return Run.model_validate(found | {"run": path.stem})
    except pydantic.ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise UsageError(f"{path}: not the plan of a run: {where}: {error.errors()[0]['msg']}; remove it") from error
