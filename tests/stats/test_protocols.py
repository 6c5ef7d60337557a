"""Several runs in one folder of results: what differs in protocol is told apart, and a smoke run judges nothing."""

import re

import pytest

from ablate.errors import UsageError
from ablate.report import print_tables
from ablate.report.__main__ import ReportConfig, main
from ablate.report.page.highlights import group_highlights
from ablate.report.trial_filter import filter_trials
from ablate.stats import scores
from ablate.stats.summary import differences, summaries
from ablate.stats.validation import points
from tests.results_factory import SCATTERED, photos, write, write_plan

SHOTS = photos({str(number): 9 for number in range(6)}, boxes=SCATTERED)
SETTINGS = [("full", "none"), ("crop", "none"), ("i2i", "none"), ("crop", "jitter"), ("i2i", "jitter")]
PAPER, LONG = "paper_grid", {"epochs": 15, "image_size": 64}


def grid(out, iou=0.5, at="r2", space=PAPER, **fields):
    """A run of the five settings of U-Net."""
    trials = [write(out, iou, of=SHOTS, arm=arm, augment=augment, **LONG | fields) for arm, augment in SETTINGS]
    write_plan(out, trials, space, at=at)
    return trials


def smoke(out, at="r1"):
    """A run that says that it judges nothing, whose scores are the highest."""
    trials = [write(out, iou, of=SHOTS, augment=augment, epochs=2) for augment, iou in (("none", 0.7), ("jitter", 0.9))]
    write_plan(out, trials, "smoke", judges=False, at=at)
    return trials


def pooled(group):
    return {one.question.names: one.pairs for one in differences(group)}


@pytest.mark.parametrize("last", ["r1", "r9"])
def test_smoke_is_neither_the_headline_nor_in_any_verdict(tmp_path, capsys, last):
    grid(tmp_path)
    smoke(tmp_path, last)
    main, other = scores.build(tmp_path)
    assert main.protocol.spaces == (PAPER,)
    assert pooled(main)["jitter", "no jitter"] == 2  # crop and i2i, not the smoke run's
    assert [*main.tables[0].mean.columns] == ["full", "crop", "i2i", "crop + jitter", "i2i + jitter"]
    assert not other.protocol.judges
    short = " ".join(group_highlights(main, summaries(main), differences(main)))
    assert "with 50.0 %" in short
    assert "epochs=2" in short
    print_tables(tmp_path)
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 100
    told = " ".join(printed.split())
    assert "space=smoke judges nothing" in told
    assert told.count("Which differences are real?") == 1
    assert told.index("Table 2. U-Net") < told.index("Another protocol: image_size=480, epochs=2; space=smoke")


def test_smoke_alone_shows_its_scores_and_judges_nothing(tmp_path, capsys):
    smoke(tmp_path)
    [group] = scores.build(tmp_path)
    assert [*group_highlights(group, summaries(group), differences(group))] == [
        "space=smoke judges nothing: it shows that everything works, with networks that are too small and too "
        "briefly trained to compare."
    ]
    print_tables(tmp_path)
    told = " ".join(capsys.readouterr().out.split())
    assert "image-weighted (all 6 locations) 54 70.0 90.0 whole" in told
    assert not any(verdict in told for verdict in ("Which differences", "Against the best constant box", "differ on"))


def test_an_older_plan_of_smoke_judges_nothing_either(tmp_path):
    trials = [write(tmp_path, 0.7, of=SHOTS)]
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "r1.json").write_text(f'{{"space": "smoke", "trials": ["{trials[0]}"]}}')
    [group] = scores.build(tmp_path)
    assert not group.protocol.judges
    assert not len(points(tmp_path))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"epochs": 1}, "epochs=1"),
        ({"image_size": 96}, "image_size=96"),
        ({"width": 8}, "width=8"),
        ({"learning_rate": 0.3}, "learning_rate=0.3"),
        ({"train_fraction": 0.5}, "train_fraction=0.5"),
        ({"train_names": "forest/|arid"}, "train_names=forest/|arid"),
        ({"train_images": 100}, "train_images=100"),
        ({"selection": "best_val"}, "selection=best_val"),
        ({"ran": {"precision_used": "bfloat16"}, "seed": 1}, "precision_used=bfloat16"),
        ({"arm_digest": "bbbbbbbb"}, "crop images=bbbbbbbb"),
    ],
)
def test_the_same_grid_by_another_protocol_is_a_table_of_its_own(tmp_path, fields, told):
    grid(tmp_path, 0.5, at="r1", **{"ran": {"precision_used": "float32"}, "arm_digest": "aaaaaaaa"})
    trials = grid(tmp_path, 0.9, at="r2", **{"ran": {"precision_used": "float32"}, "arm_digest": "aaaaaaaa"} | fields)
    write(tmp_path, 0.5, of=SHOTS, model="segnet", arm_digest="aaaaaaaa", **LONG)
    main, other = scores.build(tmp_path)
    assert main.protocol.networks == 6  # most trained networks, not the last run
    assert told in other.protocol.title
    assert set(other.protocol.trials) == set(trials)
    assert pooled(main)["jitter", "no jitter"] == pooled(other)["jitter", "no jitter"] == 2


def test_of_equally_many_networks_the_last_run_is_first(tmp_path):
    grid(tmp_path, 0.5, at="r1", epochs=1)
    grid(tmp_path, 0.5, at="r2")
    main, other = scores.build(tmp_path)
    assert main.protocol.values["epochs"] == 15
    assert other.protocol.instead == ("epochs=1 instead of 15",)


def test_what_one_run_varies_is_what_it_studies(tmp_path):
    """As `data_size` and `jitter_ablation` beside the grid whose trials they share."""
    shared = grid(tmp_path, at="r1")
    shares = [write(tmp_path, share, of=SHOTS, train_fraction=share, **LONG) for share in (0.25, 0.5)]
    write_plan(tmp_path, [*shares, shared[1]], "data_size", at="r2")
    hues = [write(tmp_path, 0.4, of=SHOTS, augment="jitter", jitter_hue=hue, **LONG) for hue in (0.0, 0.2)]
    write_plan(tmp_path, [*hues, shared[1], shared[3]], "jitter_ablation", at="r3")
    main, *others = scores.build(tmp_path)
    assert [*main.tables[0].mean.columns] == ["full", "crop", "i2i", "crop + jitter", "i2i + jitter"]
    columns = {one.protocol.spaces[0]: [*one.tables[0].mean.columns] for one in others}
    assert columns["data_size"] == [f"crop, train_fraction={share}" for share in ("0.25", "0.5", "1")]
    assert columns["jitter_ablation"][1:] == [f"crop + jitter, jitter_hue={hue}" for hue in ("0", "0.1", "0.2")]
    assert {one.protocol.title for one in others} == {"train_fraction varied", "jitter_hue varied"}


def test_columns_say_in_short_which_images_were_trained_on(tmp_path):
    shared = grid(tmp_path, at="r1")
    chosen = [("forest", 100), ("a/b|c", 100), ("", 100), ("", 1000)]
    trials = [
        write(tmp_path, 0.4, of=SHOTS, train_names=names, train_images=images, **LONG) for names, images in chosen
    ]
    write_plan(tmp_path, [*trials, shared[1]], "environments", at="r2")
    main, _ = scores.build(tmp_path)  # of equally many networks the last run
    told = ["", ", 100 images", ", 1000 images", ", a/b|c, 100 images", ", forest, 100 images"]
    assert {*main.tables[0].mean.columns} == {f"crop{choice}" for choice in told}
    assert main.protocol.varied == {"train_names", "train_images"}


def test_runs_of_one_protocol_are_shown_together(tmp_path):
    grid(tmp_path, at="r1")
    grid(tmp_path, at="r2", seed=1)
    looks = [write(tmp_path, 0.4, of=SHOTS, arm=arm, **LONG) for arm in ("cut", "fda")]
    write_plan(tmp_path, looks, "translators", at="r3")
    [group] = scores.build(tmp_path)
    assert group.protocol.spaces == (PAPER, "translators")
    assert group.tables[0].seeds("crop") == [0, 1]
    assert "cut" in group.tables[0].mean.columns


def test_another_strength_of_jitter_shares_what_has_none(tmp_path):
    plain = grid(tmp_path, at="r1")[:3]
    strong = [write(tmp_path, 0.6, of=SHOTS, arm=a, augment="jitter", jitter_hue=0.3, **LONG) for a in ("crop", "i2i")]
    write_plan(tmp_path, [*plain, *strong], PAPER, at="r2")
    groups = scores.build(tmp_path)
    assert [len(group.protocol.trials) for group in groups] == [5, 5]
    assert groups[1].protocol.instead == ("jitter_hue=0.1 instead of 0.3",)


def test_a_part_of_a_run_is_not_shown_twice(tmp_path):
    trials = grid(tmp_path, at="r1")
    write_plan(tmp_path, trials[:2], PAPER, at="r2")
    smoke_too = [write(tmp_path, 0.5, of=SHOTS, epochs=epochs, image_size=64) for epochs in (15, 30)]
    write_plan(tmp_path, smoke_too, "mine", at="r3")
    write_plan(tmp_path, smoke_too[1:], "mine", at="r4")
    assert len(scores.build(tmp_path)) == 2


def test_trials_that_no_plan_knows_are_of_the_protocol_that_they_fit(tmp_path):
    grid(tmp_path)
    write(tmp_path, 0.5, of=SHOTS, model="segnet", **LONG)
    write(tmp_path, 0.5, of=SHOTS, epochs=1)
    main, other = scores.build(tmp_path)
    assert [table.model for table in main.tables] == ["unet", "segnet"]
    assert other.protocol.networks == 1


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({"where": "epochs=1"}, {"epochs": 1}),
        ({"where": "epochs!=15 arm=full"}, {"epochs": 1, "arm": "full"}),
        ({"run": "r1"}, {"epochs": 1}),
        ({"space": "short"}, {"epochs": 1}),
        ({"space": "short", "where": "augment=jitter"}, {"epochs": 1, "augment": "jitter"}),
    ],
)
def test_a_report_can_be_of_a_run_a_space_or_some_values(tmp_path, options, left):
    grid(tmp_path, at="r1", space="short", epochs=1)
    grid(tmp_path, at="r2")
    trials, search = filter_trials(tmp_path, options.get("run"), options.get("space"), options.get("where"))
    [group] = scores.build(tmp_path, trials)
    assert search is None
    for field, value in left.items():
        assert {*group.trials.loc[group.trials["status"] == "done", field]} == {value}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"run": "r3"}, "run=r3: unknown; allowed: r2"),
        ({"space": "paper_gird"}, "space=paper_gird: unknown; did you mean 'paper_grid'?"),
        ({"where": "epoch=1"}, "no field 'epoch'; did you mean 'epochs'?"),
        ({"where": "epochs=7"}, "where=epochs=7: none of the 5 trials is left"),
        ({"where": "epochs=many"}, "where=epochs=many: 'many'"),
    ],
)
def test_what_a_report_cannot_be_of_is_said(tmp_path, options, said):
    grid(tmp_path)
    with pytest.raises(UsageError, match=re.escape(said)):
        main(ReportConfig(out=str(tmp_path), **options))


def test_seeds_of_one_run_in_two_arithmetics_are_in_no_mean_together(tmp_path, capsys):
    """As of a run that was begun on a CPU and ended on a GPU."""
    for seed, used in enumerate(("float32", "bfloat16", "bfloat16")):
        for arm, iou in (("crop", 0.5), ("full", 0.4)):
            write(tmp_path, iou + 0.01 * seed, of=SHOTS, arm=arm, seed=seed, ran={"precision_used": used})
    write_plan(tmp_path)
    [group] = scores.build(tmp_path)
    [table] = group.tables
    by_arithmetic = {name: table.seeds(name) for name in table.mean.columns if name.startswith("crop")}
    assert by_arithmetic == {"crop, precision_used=float32": [0], "crop, precision_used=bfloat16": [1, 2]}
    [one] = differences(group)
    assert one.pairs == 2  # a network of each arithmetic with its like
    print_tables(tmp_path)
    assert "Only trainings in one arithmetic are compared" in capsys.readouterr().out
