"""What each rule of choosing an epoch would have given."""

import pytest

from ablate.report import print_tables
from ablate.report.diagnostics import choice_text, rules_grid
from ablate.results.writer import write_rows
from ablate.stats import scores
from ablate.stats.epoch_selection import epoch_rules
from tests.results_factory import write, write_plan

VAL, ORACLE = (0.5, 0.8, 0.7), (0.2, 0.3, 0.6)


def write_epochs(out, trial, oracle):
    rows = [
        {"trial": trial, "training": "t", "epoch": number, "val_iou": val, "oracle_iou": seen}
        for number, (val, seen) in enumerate(zip(VAL, oracle, strict=True), start=1)
    ]
    write_rows(out, "epochs", trial, rows)


def test_every_rule_is_shown_where_the_photographs_were_measured_after_each_epoch(tmp_path):
    write_epochs(tmp_path, write(tmp_path, ORACLE[-1], oracle=True), ORACLE)
    [group] = scores.build(tmp_path)
    [row] = [row for row in rules_grid(epoch_rules(group)).rows if row and row[0].text == "  crop"]
    assert [cell.text for cell in row] == ["  crop", "60.0 (2)", "30.0 (2)", "60.0 (3)"]
    assert [cell.bold for cell in row] == [False, True, False, False]


def test_what_was_not_measured_is_not_known(tmp_path, capsys):
    write_epochs(tmp_path, write(tmp_path, 0.4, selection="best_val"), (None,) * 3)
    write_epochs(tmp_path, write(tmp_path, 0.6), (None,) * 3)
    write_plan(tmp_path)
    [group] = scores.build(tmp_path)
    chosen = {one.setting: tuple(map(choice_text, (one.last, one.best_val, one.oracle))) for one in epoch_rules(group)}
    assert chosen["crop, selection=best_val"] == ("-", "40.0 (2)", "-")
    assert chosen["crop, selection=last"] == ("60.0 (2)", "-", "-")
    print_tables(tmp_path)
    assert "best val" in capsys.readouterr().out


@pytest.mark.parametrize("val", [(None,) * 3, (0.0,) * 3])
def test_where_no_epoch_says_anything_best_val_is_the_last(tmp_path, val, capsys):
    trial = write(tmp_path, ORACLE[-1], oracle=True)
    rows = [
        {"trial": trial, "training": "t", "epoch": number, "val_iou": value, "oracle_iou": seen}
        for number, (value, seen) in enumerate(zip(val, ORACLE, strict=True), start=1)
    ]
    write_rows(tmp_path, "epochs", trial, rows)
    [group] = scores.build(tmp_path)
    [one] = epoch_rules(group)
    assert choice_text(one.best_val) == "60.0 (3)"
    print_tables(tmp_path)
    assert "oracle on the" in capsys.readouterr().out


def test_an_oracle_at_another_threshold_is_not_that_of_the_trial(tmp_path):
    write_epochs(tmp_path, write(tmp_path, 0.4, oracle=True, threshold=0.3), ORACLE)
    [group] = scores.build(tmp_path)
    [one] = epoch_rules(group)
    assert (choice_text(one.last), choice_text(one.oracle)) == ("40.0 (2)", "-")


def test_the_oracle_is_shown_but_never_scored(tmp_path, capsys):
    write_epochs(tmp_path, write(tmp_path, 0.2, oracle=True), (0.9, 0.3, 0.2))
    print_tables(tmp_path)
    text = " ".join(capsys.readouterr().out.split())
    assert "20.0 (2) 30.0 (2) 90.0 (1)" in text
    assert "crop last 20.0" in text
    assert "never chooses" in text


@pytest.mark.parametrize("seeds", [1, 3])
def test_seeds_are_averaged(tmp_path, seeds):
    for seed in range(seeds):
        write_epochs(tmp_path, write(tmp_path, 0.6, oracle=True, seed=seed), ORACLE)
    [group] = scores.build(tmp_path)
    [one] = epoch_rules(group)
    assert (one.best_val.iou, one.oracle.iou) == (pytest.approx(0.3), pytest.approx(0.6))
