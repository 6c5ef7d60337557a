"""Averages against numbers worked out by hand, and what may not be averaged."""

import math

import pytest

from ablate.stats.scores import FALSE_ALARMS, VAL_IOU, build
from ablate.stats.test_set import CONSTANT, MACRO, WEIGHTED, WHOLE
from tests.results_factory import Photo, photos, planned, write, write_failed, write_plan

AVERAGE = "average"

# The paper's U-Net, IoU in percent: location, photographs, then crop, i2i, crop + jitter, i2i + jitter.
PAPER = """
4     42  14  15   7   6
6     54  15  11   7   9
10    36  20  28  19  33
34  1017   4  19  38  35
41   262  12  20  24  19
42    35   1   3   0   0
53    31  38  68  57  62
57   138  28  16  32  19
59    53  44  56  43  65
61    69  17  26  19  19
63    79   6  23  23  13
"""
PAPER_ROWS = [line.split() for line in PAPER.split("\n") if line]
PAPER_TRIALS = [("crop", "none"), ("i2i", "none"), ("crop", "jitter"), ("i2i", "jitter")]


def only_table(out, **options):
    [group] = build(out, **options)
    [table] = group.tables
    return table


def means(table, *row):
    return {setting: mean for setting, (mean, _) in table.scores(row).items()}


def test_both_averages_of_the_paper_s_rows_come_out(tmp_path):
    shots = photos({row[0]: int(row[1]) for row in PAPER_ROWS}, per_sequence=50)
    for column, (arm, augment) in enumerate(PAPER_TRIALS, start=2):
        iou = {row[0]: int(row[column]) / 100 for row in PAPER_ROWS}
        write(tmp_path, iou, of=shots, arm=arm, augment=augment)
    table = only_table(tmp_path)
    macro, weighted = means(table, AVERAGE, MACRO), means(table, AVERAGE, WEIGHTED)
    settings = ["crop", "i2i", "crop + jitter", "i2i + jitter"]
    assert [*macro] == settings
    assert [round(100 * macro[setting], 1) for setting in settings] == [18.1, 25.9, 24.5, 25.5]
    assert [round(100 * weighted[setting], 1) for setting in settings] == [10.1, 20.8, 31.9, 29.1]


def test_small_locations_count_in_the_weighted_average_only(tmp_path):
    write(tmp_path, {"a": 0.2, "b": 0.8, "c": 1.0}, of=photos({"a": 30, "b": 60, "c": 10}))
    table = only_table(tmp_path)
    assert means(table, AVERAGE, WEIGHTED) == pytest.approx({"crop": (30 * 0.2 + 60 * 0.8 + 10) / 100})
    assert means(table, AVERAGE, MACRO) == pytest.approx({"crop": 0.5})


def test_all_locations_are_listed_where_none_is_large(tmp_path):
    write(tmp_path, 0.5, of=photos({"10": 2, "9": 3}, {"11": 2}))
    [group] = build(tmp_path)
    assert group.photographs.listed == ("9", "10")
    assert group.photographs.all_are_small
    assert [*group.photographs.counts.index] == ["9", "10", "11"]


def test_false_alarms_are_the_share_of_empty_photographs(tmp_path):
    write(tmp_path, alarms=2)
    write(tmp_path, of=photos({"2": 31}), arm="full", photos_digest="no empty ones")
    tables = {group.digest: group.tables[0] for group in build(tmp_path)}
    assert means(tables["photos-a"], "other", FALSE_ALARMS) == {"crop": 0.25}
    assert math.isnan(means(tables["no empty ones"], "other", FALSE_ALARMS)["full"])


def test_seeds_are_averaged_and_their_spread_is_kept(tmp_path):
    write(tmp_path, 0.4, val_iou=0.7, seed=0)
    write(tmp_path, 0.6, val_iou=0.9, seed=1)
    table = only_table(tmp_path)
    assert table.scores((AVERAGE, WEIGHTED))["crop"] == pytest.approx((0.5, math.sqrt(0.02)))
    assert means(table, "other", VAL_IOU) == pytest.approx({"crop": 0.8})
    assert table.seeds("crop") == [0, 1]


def test_a_failed_seed_is_in_no_mean(tmp_path):
    write(tmp_path, 0.4, seed=0)
    write_failed(tmp_path, seed=1)
    table = only_table(tmp_path)
    assert means(table, AVERAGE, WEIGHTED) == pytest.approx({"crop": 0.4})
    assert table.status("crop") == "done"


def test_nothing_found_anywhere_scores_zero(tmp_path):
    write(tmp_path, 0.0)
    assert means(only_table(tmp_path), AVERAGE, MACRO) == {"crop": 0.0}


def test_a_failed_trial_s_old_rows_are_invisible(tmp_path):
    write(tmp_path, 0.4)
    write_failed(tmp_path)
    table = only_table(tmp_path)
    assert table.status("crop") == "failed"
    assert not len(table.mean)


def test_planned_trials_that_are_not_there_are_missing(tmp_path):
    done = write(tmp_path, 0.4)
    plan = [planned(), planned(arm="full"), planned(arm="crop", seed=1)]
    table = only_table(tmp_path, planned=plan)
    assert [*table.mean.columns] == ["full", "crop"]
    assert table.status("full") == "missing"
    assert math.isnan(means(table, AVERAGE, WEIGHTED)["full"])
    assert table.seeds("crop") == [0]
    assert plan[0].trial == done


def test_a_plan_without_any_result_is_all_missing(tmp_path):
    [group] = build(tmp_path, planned=[planned(), planned(arm="full")])
    assert group.photographs is None
    assert [group.tables[0].status(setting) for setting in ("full", "crop")] == ["missing", "missing"]


def test_a_setting_that_only_another_network_has_is_missing(tmp_path):
    write(tmp_path, model="unet", arm="crop")
    write(tmp_path, model="unet", arm="i2i")
    write(tmp_path, model="segnet", arm="crop")
    [group] = build(tmp_path)
    assert [table.model for table in group.tables] == ["unet", "segnet"]
    assert group.tables[1].status("i2i") == "missing"


def test_trials_of_other_configurations_get_columns_of_their_own(tmp_path):
    for epochs in (20, 5):
        for arm in ("crop", "full"):
            write(tmp_path, epochs / 100, arm=arm, epochs=epochs)
    write_plan(tmp_path)  # one run varied them
    weighted = means(only_table(tmp_path), AVERAGE, WEIGHTED)
    assert weighted == pytest.approx(
        {"full, epochs=5": 0.05, "full, epochs=20": 0.2, "crop, epochs=5": 0.05, "crop, epochs=20": 0.2}
    )


def test_a_field_that_is_not_read_tells_nothing_apart(tmp_path):
    write(tmp_path, 0.4, augment="none", jitter_hue=0.2, encoder_weights="none")
    write(tmp_path, 0.5, augment="jitter", jitter_hue=0.05)
    table = only_table(tmp_path)
    assert [*table.mean.columns] == ["crop", "crop + jitter"]
    assert table.protocol["jitter_hue"] == "0.05"  # that of the trial that reads it


def test_arms_of_other_content_get_columns_of_their_own(tmp_path):
    write(tmp_path, 0.4, arm_digest="aaaaaaaaaa")
    write(tmp_path, 0.6, arm_digest="bbbbbbbbbb")
    write_plan(tmp_path)
    assert [*only_table(tmp_path).mean.columns] == ["crop, data=aaaaaaaa", "crop, data=bbbbbbbb"]


def test_other_photographs_are_another_group(tmp_path):
    write(tmp_path, 0.4)
    write(tmp_path, 0.6, photos_digest="photos-b", of=photos({"z": 3}))
    assert [group.photographs.listed for group in build(tmp_path)] == [("2", "10"), ("z",)]


def test_only_the_named_trials_are_shown(tmp_path):
    chosen = write(tmp_path, 0.4)
    write(tmp_path, 0.6, arm="full")
    assert [*only_table(tmp_path, trials=[chosen]).mean.columns] == ["crop"]


def test_baselines_are_per_location_and_averaged_like_the_scores(tmp_path):
    half = [Photo("b", f"b{number}", None, ((0, 0, 1000, 400),)) for number in range(10)]
    write(tmp_path, of=[*photos({"a": 30}), *half])
    photographs = build(tmp_path)[0].photographs
    rows = [("location", "a"), ("location", "b"), (AVERAGE, WEIGHTED)]
    whole = [photographs.baseline(row)[WHOLE] for row in rows]
    assert whole == pytest.approx([0.25, 0.5, (30 * 0.25 + 10 * 0.5) / 40])
    assert photographs.baseline((AVERAGE, MACRO))[WHOLE] == pytest.approx(0.25)
    assert photographs.baselines.columns.tolist() == [WHOLE, CONSTANT]
    assert photographs.baseline(("location", "a"))[CONSTANT] == pytest.approx(1.0, abs=0.01)


def test_photographs_in_another_look_are_another_group_and_every_setting_says_so(tmp_path):
    for direction, digest in (("forward", "a" * 64), ("reverse", "b" * 64)):
        write(tmp_path, 0.5, direction=direction, photos_digest=digest)
    settings = [[*means(table, AVERAGE, WEIGHTED)] for group in build(tmp_path) for table in group.tables]
    assert settings == [["crop"], ["crop, direction=reverse"]]
