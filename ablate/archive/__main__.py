"""`python -m ablate.archive out=results run=ID`: trials and runs out of sight, back again, or gone for good."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pydantic
from pydantic import Field

from ablate import storage
from ablate.archive import ARCHIVE
from ablate.archive.moving import Selection, moving
from ablate.archive.overview import listing
from ablate.archive.recovery import exclusive, recover
from ablate.archive.selecting import Filter, Folder, lists_all, require_known, select, without
from ablate.cli import run_command
from ablate.errors import UsageError
from ablate.report.layout import plural
from ablate.results import search_record
from ablate.results.runs import Run
from ablate.stats.collector import collect


class ArchiveConfig(pydantic.BaseModel):
    """Archive trials and runs, restore them, or delete them. Without run=, trial= or where=: lists what there is."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    out: Annotated[str, Field(description="folder of the results")] = "results"
    run: Annotated[tuple[str, ...], Field(description="runs, by id: the plan, and the trials of no other plan")] = ()
    trial: Annotated[tuple[str, ...], Field(description="trials, by id")] = ()
    where: Annotated[
        str | None, Field(description='trials of these values, "epochs=1 model=unet"; with run= only of its trials')
    ] = None
    restore: Annotated[bool, Field(description="bring back what is archived; without run=, ...: all of it")] = False
    delete: Annotated[
        bool, Field(description="delete for good: what is archived, else what is not; without run=, ...: the archive")
    ] = False
    dry_run: Annotated[bool, Field(description="say what would be done")] = False

    @property
    def wanted(self) -> Filter:
        return Filter(self.run, self.trial, self.where)


@dataclass(frozen=True)
class Work:
    """What is done to what of a folder, and where it goes: None where it is deleted."""

    done: str
    folder: Folder
    selection: Selection
    target: Path | None


def main(config: ArchiveConfig) -> int:
    """Moves or deletes what is meant, and says what that was."""
    if config.restore and config.delete:
        raise UsageError("restore=true and delete=true exclude each other; give one of them")
    out = _results(config.out)
    if config.dry_run or (config.wanted.everything and not (config.restore or config.delete)):
        return _work(config, out)
    with exclusive(out):
        recover(out)
        status = _work(config, out)
        _collect(out)
    return status


def _work(config: ArchiveConfig, out: Path) -> int:
    here, archive = Folder.at(out), Folder.at(out / ARCHIVE)
    require_known(config.out, (here, archive), config.wanted)
    if config.wanted.everything and not (config.restore or config.delete):
        print(listing(config.out, here, archive))
        return 0
    doing = _restore if config.restore else _delete if config.delete else _archive
    work = [one for one in doing(config, here, archive) if one.selection]
    if not work:
        where = "archived" if config.restore else "there"
        raise UsageError(f"out={config.out}: nothing of that is {where}; {lists_all(config.out)}")
    with _searches_locked(out, work, config.dry_run):
        for one in work:
            _tell(one, config.dry_run)
            for step in () if config.dry_run else moving(one.folder.place, one.target, one.selection):
                step.take()
    if not (config.dry_run or config.restore or config.delete):
        print("to have it back: the same command with restore=true; to delete it: with delete=true")
    return 0


def _results(place: str) -> Path:
    out = storage.local(place, "out")
    if not out.is_dir():
        raise UsageError(f"out={place}: no such folder; python -m ablate.run space=paper_grid makes one")
    if out.name == ARCHIVE and (out.parent / "trials").is_dir():
        raise UsageError(f"out={place}: is an archive itself; type out={out.parent}")
    if not any((out / name).is_dir() for name in ("trials", "runs", ARCHIVE)):
        raise UsageError(f"out={place}: no results there")
    return out


def _archive(config: ArchiveConfig, here: Folder, archive: Folder) -> Iterator[Work]:
    found = select(here, config.wanted, [here], _others(config.wanted, here))
    if not found and select(archive, config.wanted, (), (), _asked(config.wanted, here, archive)):
        raise UsageError(f"out={config.out}: that is archived; restore=true brings it back, delete=true deletes it")
    _tell_what_stays(here, config.wanted, found)
    yield Work("archived", here, found, archive.place)


def _restore(config: ArchiveConfig, here: Folder, archive: Folder) -> Iterator[Work]:
    found = select(archive, config.wanted, (), (), _asked(config.wanted, here, archive))
    begun = {path.split("/")[1] for path in found.records} & here.searches.keys()
    if begun:
        raise UsageError(
            f"out={config.out}: begun anew there: {', '.join(sorted(begun))}; archive or delete that first"
        )
    again = {one.trial for one in found.trials} & here.rows.keys()
    if again:
        print(
            f"{plural(len(again), 'trial')}, trained anew meanwhile: the archived ones stay; delete=true deletes them"
        )
    found = without(found, again)
    yield Work("restored", archive, found, here.place)


def _delete(config: ArchiveConfig, here: Folder, archive: Folder) -> Iterator[Work]:
    wanted, both = config.wanted, (here, archive)
    others = [] if wanted.everything else _others(wanted, *both)
    archived = select(archive, wanted, both, others, _asked(wanted, here, archive))
    yield Work("deleted", archive, archived, None)
    if wanted.runs or not (archived or wanted.everything):
        direct = without(select(here, wanted, both, others), {one.trial for one in archived.trials})
        _tell_what_stays(here, wanted, direct)
        yield Work("deleted", here, direct, None)


def _others(wanted: Filter, *folders: Folder) -> list[Run]:
    """The runs that are not named."""
    return [run for folder in folders for run in folder.runs if run.run not in wanted.runs]


def _asked(wanted: Filter, here: Folder, archive: Folder) -> set[str]:
    """The archived trials of runs whose plan is not archived."""
    return {trial for run in here.runs if run.run in wanted.runs for trial in here.asked(run)} & archive.rows.keys()


def _tell_what_stays(here: Folder, wanted: Filter, found: Selection) -> None:
    named = {trial for run in here.runs if run.run in wanted.runs for trial in here.asked(run)}
    stay = named & here.rows.keys() - {one.trial for one in found.trials}
    if stay and wanted.condition is None:
        print(f"{plural(len(stay), 'trial')} of {', '.join(wanted.runs)} stay: other runs have them too")


@contextlib.contextmanager
def _searches_locked(out: Path, work: Sequence[Work], dry_run: bool) -> Iterator[None]:
    """Holds the searches that are moved: one that runs would lose what it has just suggested."""
    searches = {path.split("/")[1] for one in work for path in one.selection.records}
    with contextlib.ExitStack() as held:
        for search in () if dry_run else sorted(searches):
            held.enter_context(search_record.held(out, search, search))
        yield


def _tell(work: Work, dry_run: bool) -> None:
    """What is done to how much, and which trials."""
    trials = [work.folder.rows[one.trial] for one in work.selection.trials]
    files = [step for step in moving(work.folder.place, work.target, work.selection) if step.source.exists()]
    size = sum(step.size for step in files) / 1e6
    runs = f" and {plural(len(work.selection.runs), 'run')}" * bool(work.selection.runs)
    verb = f"would be {work.done}" if dry_run else work.done
    print(
        f"{work.folder.place}: {plural(len(trials), 'trial')}{runs} {verb}, {plural(len(files), 'file')}, {size:.1f} MB"
    )
    for row in sorted(trials, key=lambda row: (str(row["name"]), row["trial"])):
        print(f"  {row['trial']}  {row['name']}")


def _collect(out: Path) -> None:
    for folder in (out, out / ARCHIVE):
        if (folder / "trials").is_dir():
            collect(folder)


if __name__ == "__main__":
    run_command(ArchiveConfig, main)
