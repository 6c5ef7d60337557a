"""Which photographs and trials a page holds, and how predictions are drawn on them."""

import numpy as np
import pytest

from ablate.data import root
from ablate.metrics.geometry import rle
from ablate.report.page.gallery import gallery, outline, sample
from ablate.stats import scores
from tests.report.page.scene import SHOTS, write_photographs, write_results
from tests.results_factory import write


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery")
    write_results(folder / "out", write_photographs(folder / "data"))
    return folder / "out", root.at(str(folder / "data"))


def test_every_photograph_of_every_trial_is_there(scene):
    out, where = scene
    [group] = scores.build(out)
    shown = gallery(out, group, where)
    assert {photo["id"] for photo in shown.data["photos"]} == {shot.image_id for shot in SHOTS}
    assert all(len(photo["said"]) == 4 and None not in photo["said"] for photo in shown.data["photos"])
    assert all(photo["thumb"] for photo in shown.data["photos"])
    assert shown.notes == []


def test_a_large_page_keeps_photographs_of_every_location_and_says_so(scene):
    out, where = scene
    [group] = scores.build(out)
    whole = gallery(out, group, where).data["photos"]
    shown = gallery(out, group, where, largest=sum(len(photo["thumb"]) for photo in whole) // 2)
    kept = [photo["location"] for photo in shown.data["photos"]]
    assert {location: kept.count(location) for location in dict.fromkeys(kept)} == {"5": 4, "34": 16, "41": 10}
    assert shown.notes == [
        "Of 46 photographs 30 are here, so that the page stays small: of each location one in 2 by time, but at least "
        "12. Tables and figures are of all."
    ]


def test_a_sample_is_spread_evenly_and_no_larger_than_allowed():
    photos = [{"id": f"{number:04d}", "location": "34", "at": None, "thumb": "x" * 950} for number in range(300)]
    kept, step = sample(photos, 100_000)
    assert [int(photo["id"]) for photo in kept] == [*range(0, 300, step)]
    assert sum(len(str(photo)) for photo in kept) <= 100_000
    assert sample(photos, 10**9) == (photos, 1)


def test_of_many_trials_the_lowest_seeds_are_shown(tmp_path):
    digest = write_photographs(tmp_path / "data")
    for seed in range(70):
        write(tmp_path / "out", of=SHOTS, seed=seed, photos_digest=digest)
    [group] = scores.build(tmp_path / "out")
    shown = gallery(tmp_path / "out", group, root.at(str(tmp_path / "data")))
    assert [trial["seed"] for trial in shown.data["trials"]] == [*range(60)]
    assert shown.notes == ["Of 70 trials 60 are here: the lowest seeds, then the best synthetic validation."]


def test_an_outline_runs_round_the_pixels_of_a_segment():
    mask = np.zeros((100, 200), dtype=bool)
    mask[20:40, 50:150] = True
    [polygon] = outline(rle.encode(mask))
    corners = {(polygon[at], polygon[at + 1]) for at in range(0, len(polygon), 2)}
    expected = [(250, 200), (750, 200), (750, 400), (250, 400)]
    assert all(min(abs(x - a) + abs(y - b) for x, y in corners) <= 8 for a, b in expected)
    assert len(corners) == 4


def test_only_the_largest_segments_are_outlined():
    mask = np.zeros((300, 300), dtype=bool)
    for number in range(20):
        mask[15 * number : 15 * number + 5 + number // 2, 10:40] = True
    polygons = outline(rle.encode(mask))
    assert len(polygons) == 8
    assert outline(None) == outline(rle.encode(np.zeros((9, 9), dtype=bool))) == []
