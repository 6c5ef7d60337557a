"""Mean IoU against the number of images that are trained on."""

from ablate.report.page import amounts
from ablate.stats import scores
from ablate.stats.summary import summaries
from tests.results_factory import write, write_plan


def figures(out):
    return [chart for group in scores.build(out) for chart in amounts.by_images(group, summaries(group))]


def test_settings_that_differ_in_that_number_alone_are_one_line(tmp_path):
    for names in ("", "forest"):
        for number in (100, 1000):
            for seed in (0, 1):
                write(tmp_path, 0.5 + number / 10000, train_images=number, train_names=names, seed=seed)
    write(tmp_path, train_images=100, train_names="snow")
    write(tmp_path, train_images=0)
    write_plan(tmp_path)
    (shown,) = figures(tmp_path)
    assert "crop, 100 images: 51.0 %; crop, 1,000 images: 60.0 %; crop, forest, 100 images: 51.0 %;" in shown.alt
    assert "snow" not in shown.alt  # one number alone is no line
    points = [row for rows in shown.spec["datasets"].values() for row in rows if "images" in row]
    assert [(row["setting"], row["images"]) for row in points] == [
        (setting, number) for number in (100, 1000) for setting in ("crop", "crop, forest")
    ]
    assert all(row["low"] <= row["IoU"] <= row["high"] for row in points)


def test_there_is_none_where_all_train_on_as_many(tmp_path):
    write(tmp_path, train_images=100)
    write(tmp_path, train_images=100, augment="jitter")
    write_plan(tmp_path)
    assert figures(tmp_path) == []


def test_results_older_than_the_field_are_of_all_images(tmp_path):
    write(tmp_path, ran={"train_images": None})
    write(tmp_path, seed=1, ran={"train_images": None})
    write_plan(tmp_path)
    assert figures(tmp_path) == []
