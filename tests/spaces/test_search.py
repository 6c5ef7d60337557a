"""Spaces that search: what they refuse, who their trials are, and how they are told apart from finished ones."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from ray import tune
from rich.console import Console

from ablate.cli import parse
from ablate.config import RunConfig
from ablate.data.manifest import read_manifest
from ablate.errors import UsageError
from ablate.report import search_history
from ablate.results import search_record
from ablate.results.reader import planned_trials, read_rows
from ablate.results.search_record import Member
from ablate.runner.plan import plan, progress, suggested
from ablate.search import driver
from ablate.spaces.loader import load_space
from ablate.spaces.search import Asha, Search, cells_of, check, contains, search_id
from ablate.spaces.space import pinned, product
from ablate.stats.search_histories import histories
from tests import results_factory as factory
from tests import tiny_data

HUE = {"jitter_hue": tune.uniform(0.0, 0.3)}
JITTER = pinned(model="unet", arm="crop", augment="jitter")
RUN = RunConfig(space="hue")


def search(**changes):
    return Search(**{"cells": JITTER, "domains": HUE, "samples": 4} | changes)


@pytest.fixture(scope="module")
def manifest(tiny_root):
    return read_manifest(tiny_root)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"domains": {"jitter_hue": tune.grid_search([0.1, 0.2])}},
            r"a grid inside a search; write it into the cells, cells=... \* product\(jitter_hue=\[0.1, 0.2\]\)",
        ),
        ({"domains": {"jitter_hue": [0.1, 0.2]}}, r"is no domain; write tune.uniform\(...\), tune.choice\(\[...\]\)"),
        ({"domains": {"jiter_hue": tune.uniform(0, 1)}}, "jiter_hue: no field of a trial; .*jitter_hue"),
        ({"domains": {"jitter_hue": tune.uniform(0, 2)}}, "jitter_hue: 2.* is in its domain: .*less than or equal to"),
        ({"domains": {"loss": tune.choice(["bce", "mse"])}}, "loss: 'mse' is in its domain"),
        ({"domains": {"jitter_hue": tune.randn(0.1, 0.1)}}, "jitter_hue: .*domain"),
        ({"domains": {"augment": tune.choice(["none", "jitter"])}}, "augment is in the cells and in the domains"),
        ({"domains": {}}, "a domain"),
        ({"samples": 0}, "samples of at least 1"),
        ({"sampler": "tpee"}, "sampler='tpee': did you mean 'tpe'"),
        ({"objective": "iou"}, "objective='iou'"),
        ({"scheduler": Asha(grace=0)}, "grace is at least 1"),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line_that_says_what_to_write(changes, says):
    with pytest.raises(UsageError, match=says) as caught:
        check(search(**changes), "hue")
    assert "\n" not in str(caught.value)


def test_a_search_is_not_joined_and_not_rerun(manifest):
    with pytest.raises(UsageError, match="tune_jitter is a search, which cannot be joined"):
        load_space("paper_grid+tune_jitter")
    with pytest.raises(UsageError, match="the search varies it"):
        cells_of(RunConfig(space="hue", trial={"jitter_hue": 0.2}), search(), manifest)
    with pytest.raises(UsageError, match="rerun=changed"):
        cells_of(RunConfig(space="hue", rerun="changed"), search(), manifest)


def test_what_is_maximised_must_be_there(tmp_path):
    root = tiny_data.write(tmp_path / "root", val=0)
    run = RunConfig(space="hue", data=str(root), out=str(tmp_path / "out"))
    with pytest.raises(UsageError, match="space=hue: the arm crop has no validation images to choose by"):
        driver.run(driver.plan(run, search(), Path(run.out)), Console(quiet=True))
    assert not (tmp_path / "out" / "searches").exists()


def test_cells_follow_the_command_line(manifest):
    cells = cells_of(RunConfig(space="hue", seeds=2, where="seed=1", trial={"epochs": 7}), search(), manifest)
    assert [(cell.config({}).seed, cell.config({}).epochs) for cell in cells] == [(1, 7)]
    assert cells[0].config({"jitter_hue": 0.25}).jitter_hue == 0.25


def test_more_samples_go_on_with_the_same_search_and_other_domains_do_not(manifest):
    def identity(**changes):
        one = search(**changes)
        return search_id(one, cells_of(RUN, one, manifest), manifest)

    assert identity() == identity(samples=99)
    others = (
        {"domains": {"jitter_hue": tune.uniform(0.0, 0.2)}},
        {"seed": 1},
        {"sampler": "random"},
        {"cells": pinned()},
    )
    assert len({identity(), *(identity(**changes) for changes in others)}) == 5


def member(manifest, values, **changes):
    [cell] = cells_of(RUN, search(), manifest)
    trial = suggested(cell, values, "hue-00", "h1", manifest)
    known = {"search": "h1", "space": "hue", "objective": "val_iou", "cell": 0, "number": 0, "is_default": False}
    known |= {"trial": trial.trial, "name": trial.name, "domains": {}, "data": "demo"}
    known |= {"given": {"model": "unet", "arm": "crop", "augment": "jitter"}, "values": values}
    return Member.model_validate(known | changes)


def test_the_command_of_the_best_trial_is_that_trial(manifest):
    one = member(manifest, {"jitter_hue": 0.1 + 0.2})
    arguments = shlex.split(search_record.command(one))[3:]
    run = parse(RunConfig, arguments)
    [trial] = plan(run, load_space(run.space), manifest)
    assert trial.trial == one.trial


def test_a_trial_that_was_stopped_is_missing_in_a_grid_and_in_no_table(manifest, tmp_path):
    from ablate.runner.commit import commit
    from ablate.stats import scores

    [trial] = plan(RunConfig(space="x", trial={"augment": "jitter"}), pinned(arm="crop"), manifest)
    factory.write(tmp_path, 0.5, augment="none")
    commit(factory.job(trial, tmp_path), trial, {"status": "stopped", "reason": "early", "epoch": 2})
    assert progress(tmp_path, [trial]).missing == (trial,)
    [group] = scores.build(tmp_path)
    assert set(group.trials["augment"]) == {"none"}


def test_trials_of_a_search_are_in_no_table_unless_a_grid_asked_for_them(tmp_path):
    from ablate.stats import scores

    of_grid = factory.write(tmp_path, 0.5)
    searched = factory.write(tmp_path, 0.6, augment="jitter", search="h1")
    [group] = scores.build(tmp_path)
    assert [*group.trials["trial"]] == [of_grid]
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "r1.json").write_text(f'{{"trials": ["{searched}"]}}')
    [group] = scores.build(tmp_path)
    assert set(group.trials["trial"]) == {of_grid, searched}


@pytest.fixture
def history(manifest, tmp_path):
    """Three members: a default, a better one, and one that has no row yet."""
    for number, val_iou in enumerate((0.6, 0.7)):
        trial = factory.write(tmp_path, 0.4 + number / 10, val_iou=val_iou, augment="jitter", seed=number, search="h1")
        values = {"jitter_hue": number / 10}
        search_record.write(tmp_path, member(manifest, values, trial=trial, number=number, is_default=number == 0))
    search_record.write(tmp_path, member(manifest, {"jitter_hue": 0.3}, number=2))
    return tmp_path


def test_a_history_names_the_best_what_it_gained_and_how_to_repeat_it(history, capsys):
    [found] = histories(history)
    lines = [line.plain.split() for line in search_history.history_grid(found, starred=True).lines()][-4:]
    assert lines == [
        ["unet-crop-jitter-s0"],
        ["0,", "the", "default", "2", "60.0", "40.0", "0"],
        ["1", "2", "70.0*", "50.0", "0.1"],
        ["2", "unfinished", "-", "-", "-", "0.3"],
    ]
    notes = " ".join(search_history.history_notes(found))
    assert "70.0 % at its last epoch; the default has 60.0 % (+10.0 points). It is the best of many" in notes
    assert search_history.commands(found)[0].endswith("trial.jitter_hue=0.1")
    assert "ORACLE" not in notes


def test_an_oracle_is_marked_wherever_it_is_shown(history, manifest):
    for path in (history / "searches" / "h1").glob("*.json"):
        path.write_text(path.read_text().replace("val_iou", "oracle_iou"))
    [found] = histories(history)
    assert "ORACLE" in search_history.history_grid(found, starred=True).lines()[0].plain
    assert "ORACLE" in " ".join(search_history.history_notes(found))


def test_results_of_a_search_alone_are_a_report(history, capsys):
    from ablate.report.__main__ import ReportConfig, main

    main(ReportConfig(out=str(history), markdown=str(history / "t.md")))
    assert "Search hue: jitter_hue" in capsys.readouterr().out
    assert "Search hue: jitter" in (history / "t.md").read_text()


def test_the_report_of_a_run_that_was_a_search_is_its_history_alone(history, manifest, capsys):
    from ablate.report.__main__ import ReportConfig, main

    search_record.write(history, member(manifest, {"jitter_hue": 0.3}, search="h2", space="other"))
    factory.write(history, 0.5, arm="full")
    (history / "runs").mkdir()
    (history / "runs" / "r1.json").write_text('{"trials": [], "search": "h1"}')
    files = {form: str(history / f"t.{form}") for form in ("markdown", "latex", "html")}
    main(ReportConfig(out=str(history), run="r1", **files))
    for told in (capsys.readouterr().out, *((history / f"t.{form}").read_text() for form in files)):
        assert "Search hue: jitter" in told
        assert "Search other" not in told
        assert "Test photographs" not in told
        assert "No trial" not in told


def test_a_best_trial_below_the_best_constant_box_is_said_to_have_learned_nothing(history):
    [found] = histories(history)  # with the animal always in one place the box scores 100 %
    told = " ".join(search_history.history_notes(found))
    assert "On the photographs it scores 50.0 %, below the best constant box (100.0 %): it has learned nothing" in told


def test_each_failed_member_is_told_with_its_reason_and_its_log(manifest, tmp_path):
    reasons = ("NonFiniteLossError: epoch 2", "RuntimeError: out of memory")
    for number, reason in enumerate(reasons):
        trial = factory.write_failed(tmp_path, reason, seed=number)
        search_record.write(
            tmp_path, member(manifest, {"jitter_hue": 0.1}, trial=trial, number=number, space="my/hunt.py")
        )
    [found] = histories(tmp_path)
    told = [note for note in search_history.history_notes(found) if "logs/" in note]
    assert [note.partition(":")[0] for note in told] == ["diverged", "failed"]
    for note, reason, one in zip(told, reasons, found.found, strict=True):
        assert note.endswith(f": {reason}, see logs/{one.member.trial}.log")
    assert found.title == "Search hunt: jitter_hue"


def test_what_a_search_has_done_is_in_the_tables_once_a_grid_asks_for_it(tiny_root, tmp_path, manifest, monkeypatch):
    from ablate import run

    path = tmp_path / "asks.py"
    path.write_text("from ablate.spaces.space import pinned\n\ndef space():\n    return pinned(arm='crop')\n")
    config = RunConfig(space=str(path), data=str(tiny_root), out=str(tmp_path / "out"))
    [trial] = plan(config, load_space(config.space), manifest)
    factory.commit(tmp_path / "out", trial.model_copy(update={"search": "h1"}), 0.5)
    monkeypatch.setattr(run, "print_tables", lambda *_: None)  # the trial has no photographs
    for _ in range(2):
        assert run.main(config) == 0
        assert planned_trials(tmp_path / "out") == {trial.trial}
        assert len([*(tmp_path / "out" / "runs").iterdir()]) == 1


def test_epochs_of_a_stopped_trial_can_be_queried(manifest, tmp_path):
    from ablate.runner.commit import commit_stopped

    [trial] = plan(RUN, product(arm=["crop"]), manifest)
    rows = [{"epoch": epoch, "val_iou": epoch / 10, "seconds": 1.0} for epoch in (1, 2)]
    commit_stopped(factory.job(trial, tmp_path), rows, "stopped early after epoch 2 of 20")
    assert read_rows(tmp_path, "epochs")["val_iou"].to_pylist() == pytest.approx([0.1, 0.2])
    [row] = read_rows(tmp_path, "trials").to_pylist()
    assert (row["status"], row["epoch"], row["val_iou"]) == ("stopped", 2, pytest.approx(0.2))
    assert np.isclose(row["train_seconds"], 2.0)


@pytest.mark.parametrize(
    ("domain", "inside", "outside"),
    [
        (tune.randint(1, 4), [1, 3], [0, 4]),
        (tune.quniform(0.0, 0.3, 0.03), [0.0, 0.09, 0.3], [0.1, 0.33]),
        (tune.uniform(0.0, 0.3), [0.0, 0.3], [0.31]),
        (tune.choice(["bce", "dice"]), ["dice"], ["bce_dice"]),
    ],
)
def test_only_what_could_be_drawn_is_in_a_domain(domain, inside, outside):
    assert all(contains(domain, value) for value in inside)
    assert not any(contains(domain, value) for value in outside)


@pytest.mark.parametrize("pin", ["threshold=0.3", "selection=best_val"])
def test_how_trials_are_scored_is_part_of_a_search(pin, manifest):
    field, value = pin.split("=")
    pinned_run = RunConfig(space="hue", trial={field: float(value) if field == "threshold" else value})
    ids = {search_id(search(), cells_of(run, search(), manifest), manifest) for run in (RUN, pinned_run)}
    assert len(ids) == 2


def test_a_search_is_held_by_one_run_at_a_time(tmp_path):
    def hold():
        return search_record.held(tmp_path, "h1", "hue")

    with hold(), pytest.raises(UsageError, match="another run is at work"), hold():
        pass
    with hold():
        pass


def test_a_part_that_is_looked_for_must_be_there(tiny_root, tmp_path):
    space = tmp_path / "parts.py"
    space.write_text(
        "from ray import tune\nfrom ablate.spaces.search import Search\nfrom ablate.spaces.space import pinned\n\n"
        "def space():\n    domains = {'model': tune.choice(['unet', 'unett'])}\n"
        "    return Search(cells=pinned(), domains=domains, samples=2)\n"
    )
    run = RunConfig(space=str(space), data=str(tiny_root), out=str(tmp_path / "out"))
    with pytest.raises(UsageError, match="did you mean 'unet'"):
        driver.run(driver.plan(run, load_space(run.space), Path(run.out)), Console(quiet=True))


def test_photographs_that_a_searched_field_looks_at_are_in_the_searchs_id(manifest):
    real = manifest.arms["real"]
    changed = [shard.model_copy(update={"sha256": "0" * 64}) for shard in real.shards]
    other = manifest.model_copy(update={"arms": manifest.arms | {"real": real.model_copy(update={"shards": changed})}})

    def ids(**changes):
        one = search(**changes)
        return len({search_id(one, cells_of(RUN, one, data), data) for data in (manifest, other)})

    assert ids() == 1
    assert ids(domains={"paste": tune.uniform(0.0, 1.0)}) == 2
    looking = JITTER * pinned(unlabelled="real")
    assert ids(cells=looking, domains={"adapt": tune.choice(["none", "mean_teacher"])}) == 2
