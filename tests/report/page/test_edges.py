"""Results of which there is little: a page all the same, and no 0 where there is no data."""

import pytest

from ablate.data import root
from ablate.report.page import page
from ablate.score import commit
from tests.browser import opened
from tests.command import run
from tests.report.page.scene import SHOTS, write_photographs, write_results
from tests.results_factory import BOX, SCATTERED, SIZE, photos, write, write_failed, write_plan


def seen(path, html):
    path.write_text(html)
    with opened(path) as shown:
        for figure in shown.locator("figure.chart").all():
            figure.scroll_into_view_if_needed()
            figure.locator("svg.marks").wait_for()
        return shown.locator("main").inner_text()


def test_nothing_has_finished(tmp_path):
    assert "No trial has finished yet." in seen(tmp_path / "report.html", page(tmp_path / "out", None))


def test_every_trial_failed(tmp_path):
    write_failed(tmp_path / "out", "NonFiniteLossError: loss is nan")
    text = seen(tmp_path / "report.html", page(tmp_path / "out", None))
    assert "No trial is done, so there are no numbers yet." in text
    assert "NonFiniteLossError: loss is nan" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shots", "iou"),
    [
        (SHOTS, 0.5),
        (photos({"34": 40}), 0.5),
        (photos({"34": 1}), 0.5),
        (SHOTS, 0.0),
        (photos({}, {"34": 3}), 0.0),
    ],
    ids=["one trial", "one location", "one photograph", "nothing predicted", "no animal"],
)
def test_little_is_shown_as_it_is(tmp_path, shots, iou):
    digest = write_photographs(tmp_path / "data", shots)
    write(tmp_path / "out", iou, of=shots, photos_digest=digest)
    text = seen(tmp_path / "report.html", page(tmp_path / "out", root.at(str(tmp_path / "data"))))
    assert "nan" not in text.lower()
    assert f"{len(shots)} of {len(shots)} predictions" in text


def test_two_sets_of_photographs_have_a_part_each(tmp_path):
    write_results(tmp_path / "out", write_photographs(tmp_path / "data"))
    write(tmp_path / "out", of=photos({"9": 40}), photos_digest="others")
    text = seen(tmp_path / "report.html", page(tmp_path / "out", root.at(str(tmp_path / "data"))))
    assert "Photographs others" in text
    assert "are not those of these trials" in text


def test_without_the_photographs_there_is_no_gallery_but_the_rest(tmp_path):
    write(tmp_path / "out", of=SHOTS)
    text = seen(tmp_path / "report.html", page(tmp_path / "out", None))
    assert "The photographs were not found; type data=... to say where they are." in text


@pytest.mark.slow
def test_the_command_writes_a_page_and_says_how_large_it_is(tmp_path):
    write_results(tmp_path / "out", write_photographs(tmp_path / "data"))
    to = tmp_path / "report.html"
    done = run("ablate.report", f"out={tmp_path / 'out'}", f"data={tmp_path / 'data'}", f"html={to}")
    assert done.returncode == 0, done.stderr
    assert f"wrote {to} (" in done.stdout
    assert to.read_text().startswith("<!doctype html>")


def test_data_that_is_not_there_is_one_line(tmp_path):
    write(tmp_path / "out", of=SHOTS)
    done = run("ablate.report", f"out={tmp_path / 'out'}", f"data={tmp_path / 'none'}", f"html={tmp_path / 'r.html'}")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{tmp_path / 'none'}" in done.stderr


def write_detector(out, digest):
    about = {"trial": "d1", "model": "md5", "arm": "none", "augment": "none", "seed": 0}
    rows = []
    for shot in SHOTS:
        seen = {"location": shot.location, "image_id": shot.image_id, "width": SIZE[0], "height": SIZE[1]}
        truth = {"true_boxes": [list(box) for box in shot.boxes], "iou": 0.9 if shot.boxes else None}
        rows.append(about | seen | truth | {"pred_box": list(BOX), "outcome": "hit" if shot.boxes else "false_alarm"})
    commit(out, about, rows, "boxes", digest)


def test_a_detector_is_in_the_gallery_and_can_be_compared(tmp_path):
    digest = write_photographs(tmp_path / "data")
    write_results(tmp_path / "out", digest)
    write_detector(tmp_path / "out", digest)
    path = tmp_path / "report.html"
    path.write_text(page(tmp_path / "out", root.at(str(tmp_path / "data"))))
    with opened(path) as shown:
        shown.locator(".gallery select[name=network]").select_option("md5")
        assert shown.locator(".gallery .card").count() == len(SHOTS)
        assert shown.locator(".gallery .card .what").first.inner_text().splitlines()[1] == "md5"
        shown.locator(".pairs select[name=a]").select_option(label="md5")
        assert "of 43 photographs" in shown.locator(".pairs .count").inner_text()


def test_a_detector_alone_has_a_page(tmp_path):
    digest = write_photographs(tmp_path / "data")
    write_detector(tmp_path / "out", digest)
    text = seen(tmp_path / "report.html", page(tmp_path / "out", root.at(str(tmp_path / "data"))))
    assert "md5" in text
    assert "46 of 46 predictions" in text


def test_each_protocol_has_its_tables_and_smoke_no_mark_and_no_verdict(tmp_path):
    shots = photos({"34": 9, "41": 9}, boxes=SCATTERED)
    grid = [write(tmp_path, iou, of=shots, augment=augment) for augment, iou in (("none", 0.4), ("jitter", 0.5))]
    write_plan(tmp_path, grid, "paper_grid", at="r1")
    smoke = [write(tmp_path, 0.9, of=shots, augment=augment, epochs=2) for augment in ("none", "jitter")]
    write_plan(tmp_path, smoke, "smoke", judges=False, at="r2")
    written = page(tmp_path, None)
    main, _, other = written.partition("Another protocol: epochs=2")
    assert "Highest image-weighted mean IoU: U-Net, crop + jitter, with 50.0 %" in main
    assert "2 protocols, kept apart" in main
    assert "space=smoke judges nothing" in other
    assert not any(praise in other for praise in ("Highest", ">highest<", "Which differences"))
    assert "4 trained networks" in written
