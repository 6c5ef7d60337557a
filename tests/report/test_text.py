"""What a person reads."""

import json
import re

import pytest

from ablate.config import TrialConfig
from ablate.errors import UsageError
from ablate.identity import code_digest
from ablate.query import connect, select
from ablate.report import print_tables
from ablate.report.__main__ import ReportConfig, main
from ablate.results import queries
from ablate.stats.scores import build
from tests import command
from tests.results_factory import Photo, photos, planned, write, write_failed, write_plan

SETTINGS = [("full", "none"), ("crop", "none"), ("i2i", "none"), ("crop", "jitter"), ("i2i", "jitter")]


@pytest.fixture
def printed(tmp_path, capsys):
    """Prints the tables of `tmp_path` and returns the lines."""

    def lines(**options):
        print_tables(tmp_path, **options)
        return capsys.readouterr().out.splitlines()

    return lines


def row(lines, label):
    """The cells of the first row that begins with the label."""
    line = next(line for line in lines if line.startswith(label))
    return re.split(r" {2,}|\* ", line.rstrip())


def test_five_settings_and_three_seeds_fit_a_hundred_columns(tmp_path, printed):
    for seed in range(3):
        for number, (arm, augment) in enumerate(SETTINGS):
            write(tmp_path, 0.1 * number + 0.1 * seed, arm=arm, augment=augment, seed=seed, alarms=seed)
    lines = printed()
    assert max(map(len, lines)) <= 100
    assert "Table 2. U-Net: mean box IoU in percent" in lines
    assert "\x1b" not in "".join(lines)
    assert row(lines[lines.index("Table 2. U-Net: mean box IoU in percent") :], "image-weighted")[1:] == [
        "83", "10.0±10.0", "20.0±10.0", "30.0±10.0", "40.0±10.0", "50.0±10.0*",
    ]  # fmt: skip


def test_table_1_names_the_locations_with_few_photographs(tmp_path, printed):
    write(tmp_path)
    text = " ".join(" ".join(printed()).split())
    assert "Table 1. Test photographs: 83 with an animal at 3 locations, 8 without" in text
    assert "2 of 3 locations with at least 30" in text
    assert "average only: 4 (12)." in text


def test_it_is_said_that_no_location_is_large(tmp_path, printed):
    write(tmp_path, of=photos({"a": 3}))
    assert any(line.startswith("No location reaches 30") for line in printed())


def test_of_very_many_settings_the_best_are_shown_and_where_all_are_is_said(tmp_path, printed):
    shots = photos({"a": 2})
    for number in range(60):
        write(tmp_path, number / 100, of=shots, augment="jitter", jitter_hue=number / 200)
    write(tmp_path, 0.01, of=shots)
    write_plan(tmp_path)
    text = " ".join(" ".join(printed()).split())
    assert "the 40 best of its 61 settings (image-weighted), and the paper's." in text
    assert "python -m ablate.query query=scores lists all" in text
    [group] = build(tmp_path)
    [table] = group.tables
    assert table.mean.columns[0] == "crop"  # the paper's
    assert sorted(table.mean.iloc[0])[1:] == pytest.approx([number / 100 for number in range(20, 60)])
    with connect(tmp_path) as connection:
        assert select(connection, queries.statement("scores")).num_rows == 61


def test_failed_and_missing_cells_say_so_and_why(tmp_path, printed):
    write(tmp_path, 0.4)
    write_failed(tmp_path, "RuntimeError: out of [memory]", arm="full")
    lines = printed(planned=[planned(arm="i2i", augment="jitter", seed=0)])
    assert row(lines, "2  ")[-1] == "100.0"  # Table 1
    table = lines[lines.index("Table 2. U-Net: mean box IoU in percent") :]
    assert row(table, "10 ") == ["10", "40", "failed", "40.0", "missing"]
    assert "failed: full, seed 0: RuntimeError: out of [memory]" in lines
    assert "missing: i2i + jitter, seed 0: planned, not finished" in lines


def test_the_best_of_a_row_is_starred(tmp_path, printed):
    write(tmp_path, 0.4, arm="full", alarms=1)
    write(tmp_path, 0.6, arm="crop", alarms=3)
    lines = printed()
    assert next(line for line in lines if line.startswith("macro") and "*" in line).endswith("40.0   60.0*")
    assert next(line for line in lines if line.startswith("false alarms")).endswith("12.5*  37.5")


def test_settings_are_told_from_the_constant_box_by_their_intervals(tmp_path, printed):
    halves = [(0, 0, 500, 800), (500, 0, 1000, 800)]  # the best constant box scores 50 %
    shots = [Photo(str(n % 6), f"{n}", None, (halves[n // 6 % 2],)) for n in range(60)]
    write(tmp_path, 0.3, of=shots, arm="full")
    text = " ".join(" ".join(printed()).split())
    assert "of one seed, so of these trainings alone): worse: full." in text
    for seed in range(3):
        write(tmp_path, 0.8 + 0.01 * seed, of=shots, arm="crop", seed=seed)
        write(tmp_path, 0.45 + 0.1 * seed, of=shots, arm="crop", augment="jitter", seed=seed)
    text = " ".join(" ".join(printed()).split())
    assert "intervals by Holm's correction for 2 settings): better: crop. undecided: crop + jitter." in text


def test_arms_that_saw_the_photographs_are_named(tmp_path, printed):
    write(tmp_path, 0.5, arm="crop")
    write(tmp_path, 0.5, arm="i2i", transductive=True)
    assert "Transductive: i2i. Their translator or training saw" in " ".join(" ".join(printed()).split())


def test_steps_that_were_not_carried_out_alike_are_told_apart(tmp_path, printed):
    alike = {"device": "cpu", "precision_used": "float32", "execution_used": "eager"}
    write(tmp_path, arm="crop", ran=alike)
    write(tmp_path, arm="full", ran=alike | {"execution_used": "compiled"})
    text = " ".join(" ".join(printed()).split())
    assert "Trained in different ways, by number of trials: float32 on cpu (1); float32, compiled on cpu (1)." in text


def test_trials_that_were_not_trained_alike_are_told_apart(tmp_path, printed):
    gpu = {"device": "NVIDIA H100", "precision_used": "bfloat16", "score_device": "cpu", "score_precision": "float32"}
    cpu = gpu | {"device": "cpu", "precision_used": "float32"}
    for seed in range(2):
        write(tmp_path, arm="crop", seed=seed, ran=gpu)
    assert "different ways" not in " ".join(printed())
    write(tmp_path, arm="full", ran=cpu)
    write_plan(tmp_path)
    text = " ".join(" ".join(printed()).split())
    assert "Trained in different ways, by number of trials: bfloat16 on NVIDIA H100 (2); float32 on cpu (1)." in text
    assert "Scored in different ways" not in text
    assert "versions of the code" not in text
    write(tmp_path, arm="i2i", augment="jitter", ran=cpu | {"code_digest": code_digest(TrialConfig(augment="jitter"))})
    write_plan(tmp_path)
    text = " ".join(" ".join(printed()).split())
    assert "Trained by different versions of the code, 1 of 4 trials by today's" in text


def test_networks_that_were_not_trained_alike_are_told_apart_where_they_are_compared(tmp_path, printed):
    shots = photos({"a": 9, "b": 9})
    for model, where in (("unet", "one card"), ("segnet", "another card")):
        write(tmp_path, of=shots, model=model, ran={"device": where, "precision_used": "bfloat16"})
    lines = printed()
    assert sum("Trained in different ways" in line for line in lines) == 1  # each table by itself is of one card
    text = " ".join(" ".join(lines).split())
    assert "bfloat16 on another card (1); bfloat16 on one card (1)" in text


def test_a_wide_table_is_cut_into_parts(tmp_path, printed):
    for rate in range(1, 10):
        write(tmp_path, learning_rate=rate / 1000)
    write_plan(tmp_path)
    lines = printed()
    assert max(map(len, lines)) <= 100
    assert sum(line.count("learning_rate=") for line in lines if "crop" not in line) == 9


def test_every_corner_prints(tmp_path, printed):
    assert printed() == [f"No trial has finished in {tmp_path} yet."]
    write_failed(tmp_path)
    assert "failed: crop, seed 0: RuntimeError: out of memory" in printed()
    write(tmp_path, 0.0, of=photos({"a": 1}))
    assert row(printed(), "macro (1 listed location)")[-1] == "100.0"
    write(tmp_path, of=photos({}, {"a": 2}), photos_digest="empty")
    assert any("0 with an animal at 0 locations, 2 without" in line for line in printed())


def test_the_command_prints_the_trials_of_a_run(tmp_path):
    trial = write(tmp_path, 0.4)
    write(tmp_path, 0.4, model="segnet")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "r1.json").write_text(json.dumps({"trials": [trial]}))
    done = command.run("ablate.report", f"out={tmp_path}", "run=r1", PYTHONWARNINGS="error")
    assert done.returncode == 0, done.stderr
    assert "U-Net" in done.stdout
    assert "SegNet" not in done.stdout


@pytest.mark.parametrize(("key", "value"), [("run", "r9"), ("out", "nowhere")])
def test_an_unknown_run_or_folder_is_named(tmp_path, key, value):
    with pytest.raises(UsageError, match=f"^{key}={value}: "):
        main(ReportConfig(**{"out": str(tmp_path), key: value}))
