"""Trials and runs out of sight, back again and gone, whatever happens on the way."""

import contextlib
import json
import re
import shlex

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ablate import archive
from ablate.archive.__main__ import ArchiveConfig, main
from ablate.archive.moving import Moved, Step
from ablate.archive.recovery import exclusive
from ablate.cli import parse
from ablate.errors import UsageError
from ablate.report import print_tables
from ablate.results import search_record
from ablate.results.reader import read_rows
from ablate.stats import scores
from ablate.stats.collector import collect
from tests import command
from tests.results_factory import photos, write, write_failed, write_plan

SHOTS = photos({"2": 3, "34": 3})


@pytest.fixture
def out(tmp_path):
    """A run of two trials, and one of two of which it shares one; each with weights and a log."""
    trials = {name: write(tmp_path, 0.4, of=SHOTS, **fields) for name, fields in NAMED.items()}
    for trial in trials.values():
        (tmp_path / "logs").mkdir(exist_ok=True)
        (tmp_path / "logs" / f"{trial}.log").write_text("log")
    (tmp_path / "weights").mkdir()
    for training in trainings(tmp_path).values():
        (tmp_path / "weights" / f"{training}.safetensors").write_text("weights")
    write_plan(tmp_path, [trials["crop"], trials["full"]], "paper_grid", at="r1")
    write_plan(tmp_path, [trials["crop"], trials["short"]], "mine", at="r2")
    collect(tmp_path)
    return tmp_path


NAMED = {"crop": {"arm": "crop"}, "full": {"arm": "full"}, "short": {"epochs": 1}}


def ids(out):
    return {name(row): row["trial"] for row in rows(out)}


def name(row):
    return f"search {row['seed']}" if row["search"] else row["arm"] if row["epochs"] == 20 else "short"


def rows(out):
    return read_rows(out, "trials").to_pylist()


def trainings(out):
    return {row["trial"]: row["training"] for row in rows(out)}


def files(out):
    """Every file with its content, but the lock and what is derived."""
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if not name.endswith((".held", "locations.parquet"))}


def do(out, **options):
    assert main(ArchiveConfig(out=str(out), **options)) == 0


def test_a_run_is_archived_with_all_its_files_but_what_another_run_lists_and_comes_back_as_it_was(out, capsys):
    before, full = files(out), ids(out)["full"]
    do(out, run=("r1",))
    told = capsys.readouterr().out
    assert "1 trial and 1 run archived, 6 files" in told
    assert "1 trial of r1 stay: other runs have them too" in told
    assert set(ids(out)) == {"crop", "short"}
    assert not [name for name in files(out) if full in name and not name.startswith("archive/")]
    assert set(ids(out / "archive")) == {"full"}
    assert full not in read_rows(out, "locations")["trial"].to_pylist()
    assert full in read_rows(out / "archive", "locations")["trial"].to_pylist()
    print_tables(out / "archive")
    assert "40.0" in capsys.readouterr().out
    do(out, run=("r1",), restore=True)
    assert files(out) == before
    assert full in read_rows(out, "locations")["trial"].to_pylist()


@pytest.mark.parametrize("options", [{"where": "epochs=1"}, {"run": ("r2",), "where": "epochs!=20"}])
def test_trials_of_some_values_leave_the_plans_where_they_are(out, options):
    do(out, **options)
    assert set(ids(out)) == {"crop", "full"}
    assert {path.stem for path in (out / "runs").iterdir()} == {"r1", "r2"}
    do(out, restore=True)
    assert len(ids(out)) == 3


def test_a_dry_run_says_what_would_be_done_and_does_nothing(out, capsys):
    before = files(out)
    for options in ({}, {"restore": True}, {"delete": True}):
        if "restore" in options:
            continue
        do(out, where="epochs=1", dry_run=True, **options)
    told = capsys.readouterr().out
    assert "1 trial would be archived" in told
    assert "1 trial would be deleted" in told
    assert ids(out)["short"] in told
    assert files(out) == before


def test_what_is_deleted_is_gone_and_what_is_archived_goes_first(out):
    short = ids(out)["short"]
    do(out, trial=(short,))
    write(out, 0.9, of=SHOTS, epochs=1)  # trained again
    do(out, trial=(short,), delete=True)
    assert short in ids(out).values()
    assert not ids(out / "archive")
    do(out, trial=(short,), delete=True)
    assert not [name for name in files(out) if short in name]
    do(out, where="arm=full")
    do(out, delete=True)  # the archive
    assert set(ids(out)) == {"crop"}
    assert not [name for name in files(out) if name.startswith("archive/")]


def test_weights_that_another_trial_scores_stay(out):
    crop = ids(out)["crop"]
    training = trainings(out)[crop]
    other = write(out, 0.5, of=SHOTS, selection="best_val", training=training)
    weights = f"weights/{training}.safetensors"
    do(out, trial=(other,))
    assert weights in files(out)
    do(out, trial=(crop,))
    assert f"archive/{weights}" in files(out)
    do(out, trial=(other,), delete=True)
    assert f"archive/{weights}" in files(out)  # the archived one scores them
    do(out, trial=(crop,), restore=True)
    assert weights in files(out)


OPTIONS = [
    {"run": ("r1",)},
    {"run": ("r1",), "delete": True},
    {"run": ("r2",), "restore": True},
    {"run": ("r3",)},
    {"run": ("r3",), "delete": True},
]


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS, ids=["archive", "delete", "restore", "archive search", "delete search"])
def test_wherever_it_is_killed_what_is_seen_is_whole_and_the_same_command_ends_it(out, options, monkeypatch, tmp_path):
    if "r3" in options["run"]:
        write_search(out, "r3")
    if "restore" in options:
        do(out, run=("r2",))
    start = files(out)
    do(out, **options)
    end = files(out)
    take, killed, looked_at = Step.take, 0, set()
    while True:
        put(out, start)
        left = killed

        def step(self):
            nonlocal left
            if left == 0:
                raise KeyboardInterrupt
            left -= 1
            take(self)

        monkeypatch.setattr(Step, "take", step)
        try:
            do(out, **options)
        except KeyboardInterrupt:
            pass
        else:
            break
        monkeypatch.setattr(Step, "take", take)
        for folder in (out, out / "archive"):
            assert complete(folder, looked_at) <= {*NAMED, "search 5", "search 6"}
        do_again(out, options)
        assert files(out) == end, killed
        killed += 1
    assert killed > 6


def do_again(out, options):
    with contextlib.suppress(UsageError):  # nothing of it was left but what the next command finishes first
        do(out, **options)


def complete(folder, looked_at):
    """The trials that are seen in a folder, each of which must have all of its rows, and a place in tables."""
    found = ids(folder)
    for trial in found.values():
        assert len(read_rows(folder, "images", [trial])) == len(SHOTS)
        assert len(read_rows(folder, "epochs", [trial])) == 2
    in_tables = {one for one in found if not one.startswith("search")}  # a search's have one of their own
    if in_tables and (seen := (folder.name, *sorted(found))) not in looked_at:
        looked_at.add(seen)
        assert sum(len(group.trials) for group in scores.build(folder)) >= len(in_tables)
    return found.keys()


def put(out, content):
    for path in sorted(out.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    for name, data in content.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)


def member(search, trial, number, segments=()):
    return search_record.Member(
        search=search, space="tune", objective="val_iou", cell=0, number=number, is_default=False, trial=trial,
        name="n", given={}, values={"width": 8}, domains={}, data="demo", segments=segments,
    )  # fmt: skip


def write_search(out, *ids):
    """A search of two trials, one of which went on with another training, that some runs have worked on."""
    tried = [write(out, 0.3, of=SHOTS, search="h1", seed=seed, width=8) for seed in (5, 6)]
    segment = search_record.Segment(training="tsegment1", parent=0, after=0, until=1, values={})
    for number, trial in enumerate(tried):
        search_record.write(out, member("h1", trial, number, segments=(segment,) * number))
    (out / "checkpoints").mkdir()
    (out / "checkpoints" / "tsegment1.ckpt").write_text("segment")
    for run in ids:
        (out / "runs" / f"{run}.json").write_text(json.dumps({"trials": [], "search": "h1", "space": "tune"}))
    return tried


def typed(line):
    """Types the command at the end of a line."""
    words = shlex.split(line.partition("python -m ablate.archive ")[2])
    assert main(parse(ArchiveConfig, words)) == 0


def test_a_search_is_moved_as_a_whole_with_the_last_of_its_runs(out):
    tried = write_search(out, "r3", "r4")
    before = files(out)
    with pytest.raises(UsageError, match=f"trial={tried[0]}: a trial of the search h1, .* type run=r3,r4"):
        do(out, trial=(tried[0],))
    with pytest.raises(UsageError, match="nothing of that is there"):
        do(out, where="width=8")
    do(out, run=("r3",))
    assert len(search_record.searches(out)["h1"]) == 2
    do(out, run=("r4",))
    assert not search_record.searches(out)
    assert set(tried).isdisjoint(trainings(out))
    do(out, restore=True)
    assert files(out) == before


def test_an_archived_search_comes_back_by_the_command_that_is_told_and_no_other_run_takes_it_away(out):
    tried = write_search(out, "r3", "r4")
    do(out, run=("r3", "r4"))
    [line], [of_search] = archive.restore_hint(out, tried), archive.restore_search_hint(out, "h1")
    assert line.partition(": ")[2] == of_search.partition(": ")[2]
    typed(of_search)
    assert {one.trial for one in search_record.searches(out)["h1"]} == set(tried)
    do(out, run=("r3",), delete=True)
    assert set(tried) <= trainings(out).keys()
    assert len(search_record.searches(out)["h1"]) == 2


def test_what_another_run_lists_is_not_deleted_with_a_run_wherever_it_is(out):
    crop = ids(out)["crop"]
    do(out, trial=(crop,))
    do(out, run=("r1",), delete=True)
    assert crop in ids(out / "archive").values()
    do(out, trial=(crop,), restore=True)
    assert set(ids(out)) == {"crop", "short"}


def test_values_are_deleted_where_they_are_archived_and_else_where_they_are_not(out):
    do(out, where="epochs=1")
    write(out, 0.9, of=SHOTS, epochs=1, seed=7)
    do(out, where="epochs=1", delete=True)
    assert [row["seed"] for row in rows(out) if row["epochs"] == 1] == [7]
    do(out, where="epochs=1", delete=True)
    assert set(ids(out)) == {"crop", "full"}


def test_rows_and_records_of_a_stranger_name_no_file_elsewhere(out):
    path = out / "trials" / f"{ids(out)['short']}.parquet"
    victim = out.parent / "victim.parquet"
    victim.write_text("mine")
    table = pq.read_table(path)
    pq.write_table(table.set_column(table.schema.get_field_index("trial"), "trial", pa.array(["../../victim"])), path)
    with pytest.raises(UsageError, match=r"a row is of \.\./\.\./victim, whose name no file there has"):
        do(out, where="epochs=1", delete=True)
    path.unlink()
    search_record.write(out, member("h1", "s1", 0))
    record = out / "searches" / "h1" / "s1.json"
    record.write_text(record.read_text().replace('"h1"', '"../.."'))
    with pytest.raises(UsageError, match=r"s1\.json: the record of another trial than its name says"):
        do(out, run=("r1",), delete=True)
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("content", [b"", b"PAR1 half of one"])
def test_a_mark_that_cannot_be_read_is_one_line(out, content):
    do(out, run=("r1",))
    (out / "archive" / "trials" / ".s1.parquet").write_bytes(content)
    with pytest.raises(UsageError, match=r"\.s1\.parquet: not the mark of a trial; remove it"):
        do(out, run=("r2",))


def test_a_search_at_work_and_another_archive_are_waited_for(out):
    tried = write(out, 0.3, of=SHOTS, search="h1", seed=5)
    search_record.write(out, member("h1", tried, 0))
    (out / "runs" / "r3.json").write_text(json.dumps({"trials": [], "search": "h1"}))
    with (
        search_record.held(out, "h1", "tune"),
        pytest.raises(UsageError, match="another run is at work on this very search"),
    ):
        do(out, run=("r3",))
    with exclusive(out), pytest.raises(UsageError, match=r"another ablate\.archive is at work there"):
        do(out, run=("r1",))


def test_trained_again_is_told_and_stays(out, capsys):
    short = ids(out)["short"]
    do(out, run=("r2",))
    [line] = archive.restore_hint(out, [short, "s1"])
    assert line.endswith(f"python -m ablate.archive out={out} restore=true run=r2")
    write(out, 0.9, of=SHOTS, epochs=1)
    with pytest.raises(UsageError, match="nothing of that is archived"):
        do(out, trial=(short,), restore=True)
    assert "1 trial, trained anew meanwhile: the archived ones stay" in capsys.readouterr().out
    assert read_rows(out, "images", [short])["iou"].to_pylist() == [0.9] * len(SHOTS)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"run": ("r11",)}, "run=r11: not here; did you mean 'r1'"),
        ({"trial": ("s1",)}, "trial=s1: not here"),
        ({"where": "epoch=1"}, "no field 'epoch'; did you mean 'epochs'"),
        ({"where": "epochs=7"}, "nothing of that is there"),
        ({"run": ("r1",), "restore": True}, "nothing of that is archived"),
        ({"restore": True, "delete": True}, "exclude each other"),
    ],
)
def test_what_is_not_there_is_said(out, options, said):
    before = files(out)
    with pytest.raises(UsageError, match=re.escape(said)):
        do(out, **options)
    assert files(out) == before


@pytest.mark.parametrize("place", ["nowhere", ".", "archive", "s3://bucket/results"])
def test_a_folder_without_results_is_refused_in_one_line(out, place):
    do(out, run=("r1",))
    (out / "empty").mkdir()
    where = place if "://" in place else str(out / {".": "empty"}.get(place, place))
    with pytest.raises(UsageError, match=f"^out={re.escape(where)}: "):
        do(where, run=("r1",))


def test_an_id_that_a_stranger_wrote_names_no_file_elsewhere(out):
    assert not [name for name, own in Moved("s1", ("../../x", "/etc/x", "t1")).files() if not own and "t1" not in name]


def test_without_a_choice_it_lists_what_there_is(out, capsys):
    write_failed(out, arm="i2i")
    do(out, run=("r1",))
    capsys.readouterr()
    listed = command.run("ablate.archive", f"out={out}", PYTHONWARNINGS="error")
    assert listed.returncode == 0, listed.stderr
    assert re.search(r"r2 +2026-01-01 00:00 +mine +2\n", listed.stdout)
    assert "archived: 1 run, 1 trial" in listed.stdout
    assert "1 trial of no run" in listed.stdout
    assert max(map(len, listed.stdout.splitlines())) <= 100 + len(str(out))
