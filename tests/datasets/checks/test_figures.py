"""The figures of synthetic and photographed animals: what is measured, and what inspection prints of it."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ablate.data.manifest import REAL, read_manifest
from ablate.data.shards import Sample
from ablate.errors import UsageError
from datasets.checks.inspection import animal_figures, rendered_scenes
from tests.datasets.checks.small_roots import inspected, mask, photograph, root, row, training
from tests.tiny_data import SIDE, jpg, png

GROUND, COAT = (96, 112, 128), (160, 120, 80)
JPEG = 4  # levels that compression may shift a colour by


def painted(box, coat=COAT, ground=GROUND):
    """A picture of one colour with an animal of another."""
    image_hw3 = np.full((SIDE, SIDE, 3), ground, np.uint8)
    image_hw3[box[1] : box[3], box[0] : box[2]] = coat
    return image_hw3


def image(key, box, coat=COAT, **meta):
    return training(key, box, painted(box, coat), **meta)


def read(path, samples, most=animal_figures.MOST, arm="full", split="train"):
    """What is measured on some samples of an arm."""
    data = root(path / "data", {arm: {split: samples}})
    return animal_figures.read(data, read_manifest(data), arm, [split], most)


def test_known_boxes_and_colours_come_out(tmp_path):
    boxes = {"a": (0, 0, 16, 16), "b": (16, 16, 32, 48), "c": (16, 16, 40, 32)}
    found = read(tmp_path, [image(key, box) for key, box in boxes.items()])
    figures = animal_figures.summary(found.images)
    areas = [256 / SIDE**2, 512 / SIDE**2, 384 / SIDE**2]
    assert [one.source for one in found.images] == ["a", "b", "c"]
    assert figures.area == pytest.approx(np.quantile(areas, [0.05, 0.5, 0.95]))
    assert figures.aspect == 1
    assert figures.edge == pytest.approx(2 / 3)
    assert np.array(figures.coat) == pytest.approx(np.repeat([COAT], 3, 0).T, abs=JPEG)
    shares = np.sort(areas)[[0, 1, 2]]
    red = [GROUND[0] + share * (COAT[0] - GROUND[0]) for share in np.quantile(shares, [0.25, 0.5, 0.75])]
    assert figures.frame[0] == pytest.approx(red, abs=JPEG)


def test_the_largest_box_of_an_image_counts(tmp_path):
    several = image("a", (16, 16, 48, 48), boxes=[(0, 0, 4, 4), (16, 16, 48, 48), (2, 30, 9, 40)])
    (found,) = read(tmp_path, [several]).images
    assert found.area == pytest.approx(1024 / SIDE**2)
    assert found.touches


def test_coat_is_the_colour_of_the_mask_in_the_middle_of_the_box(tmp_path):
    picture = painted((0, 0, 48, 48), coat=(255, 255, 255))
    picture[16:32, 16:32] = COAT
    mask_hw = mask((0, 0, 48, 48))
    mask_hw[16:32, :16] = mask_hw[16:32, 32:] = mask_hw[:16] = mask_hw[32:] = 0
    mask_hw[:2] = mask_hw[46:] = 255  # far from the middle
    meta = training("a", (0, 0, 48, 48)).meta
    (found,) = read(tmp_path, [Sample("a", jpg(picture), png(mask_hw), meta)]).images
    assert found.coat == pytest.approx(COAT, abs=JPEG)


def test_an_image_without_box_has_a_frame_alone(tmp_path):
    (found,) = read(tmp_path, [image("a", (0, 0, 16, 16), boxes=[])]).images
    assert (found.area, found.aspect, found.touches, found.coat) == (None,) * 4
    assert found.frame[2] == pytest.approx(GROUND[2], abs=10)


def test_photographs_are_measured_by_their_true_boxes_within_the_frame(tmp_path):
    sample = photograph("p", boxes=[(0.5, 10, 20, 20), (-6, 0, 24, 60)])
    (found,) = read(tmp_path, [sample], arm=REAL, split="test").images
    assert (found.area, found.aspect, found.touches, found.coat) == (0.5, 0.5, True, None)


def test_of_many_images_some_are_drawn_evenly(tmp_path):
    found = read(tmp_path, [image(f"n{number:02d}", (16, 16, 32, 32)) for number in range(20)], most=5)
    assert [one.source for one in found.images] == ["n03", "n07", "n11", "n15", "n19"]
    assert found.held == 20


def test_a_picture_that_cannot_be_decoded_is_counted(tmp_path):
    whole = image("b", (16, 16, 32, 32))
    broken = Sample("b", whole.jpg[: len(whole.jpg) // 2], whole.mask_png, whole.meta)
    found = read(tmp_path, [image("a", (16, 16, 32, 32)), broken])
    assert (len(found.images), found.held, found.broken) == (1, 2, 1)


def words(text, label):
    """The words of a line of the table, behind its values."""
    line = re.search(rf"^{label}.*$", text, re.MULTILINE)[0]
    return re.findall(r"[a-z]+", line.removeprefix(label).replace(" to ", ""))


def test_synthetic_animals_stand_beside_photographed_ones_and_differences_are_marked(tmp_path, capsys):
    box = (16, 0, 34, 24)  # close to the median deer
    photographs = [photograph(f"p{number}", boxes=[(0, 0, 48, 48)]) for number in range(3)]
    arms = {"full": {"train": [image("a", box), image("b", box)]}, REAL: {"test": photographs}}
    text = inspected(capsys, root(tmp_path / "data", arms), tmp_path)
    share = 18 * 24 / SIDE**2
    assert row(text, "box area, median")[3:7] == [f"{100 * share:.0f}", "%", "24", "%"]
    assert words(text, "box area, median") == ["smaller"]  # than here; not than deer
    assert words(text, "box area, 5 %") == ["larger", "smaller"]
    assert words(text, "box width / height, median") == ["narrower"]
    assert words(text, "boxes at the frame's edge") == ["more", "often"]
    assert words(text, "coat, red") == ["redder"]
    assert "measured: 2 of 2 synthetic images and 3 of 3 photographs" in text


def test_without_photographs_there_is_no_column_of_them(tmp_path, capsys):
    text = inspected(capsys, root(tmp_path / "data", {"full": {"train": [image("a", (0, 0, 16, 16))]}}), tmp_path)
    assert row(text, "box area, median")[3:] == ["11", "%", "24", "%", "smaller"]
    assert "here" not in text.split("beside photographed ones")[1].split("measured")[0]


def test_without_whole_images_it_says_so(tiny_root, tmp_path, capsys):
    text = inspected(capsys, tiny_root, tmp_path)
    assert "no arm full, so that" in text
    assert "box area" not in text


def test_images_without_an_animal_are_told_as_preparation_counted_them(tmp_path, capsys):
    selection = {"synthetic train": {"selected": 5, "no animal": 2, "dark": 9}, "synthetic val": {"selected": 3}}
    arms = {"full": {"train": [image("a", (0, 0, 16, 16))]}}
    text = inspected(capsys, root(tmp_path / "data", arms, parameters={"selection": selection}), tmp_path)
    assert "no animal: 2 of 10 synthetic images (20 %)" in text


def written(path, rows):
    names, biomes, shares = zip(*rows, strict=True)
    pq.write_table(pa.table({"name": names, "biome": biomes, "visible_share": pa.array(shares)}), path)
    return path


def test_rendered_scenes_are_joined_by_name(tmp_path, capsys):
    shares = {"forest_0": 0.5, "forest_1": 0.9, "steppe_0": 1.0, "other": 0.2}
    scenes = [(name, name.split("_")[0], share) for name, share in shares.items() if name != "other"]
    path = written(tmp_path / "scenes.parquet", [*scenes, ("forest_2", "forest", None), ("forest_3", "forest", 0.1)])
    full = [image(name, (16, 16, 32, 32)) for name in shares]
    text = inspected(capsys, root(tmp_path / "data", {"full": {"train": full}}), tmp_path, scenes=str(path))
    forest = row(text, "forest ")
    assert forest[1:6] == ["4", "25", "%", "2", "52/70/88"]
    assert forest[6:11] == ["11", "%", "1.00", "0", "%"]
    assert row(text, "steppe")[1:6] == ["1", "0", "%", "1", "100/100/100"]
    assert row(text, "all +5")[4] == "3"
    assert f"not in {path}: 1 image of the arm full" in text


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([("x", "forest", 0.5)], r"none of its 1 pictures \(first x\)"),
        ([("a", "forest", 3.0)], "visible_share of a is 3.0"),
    ],
)
def test_scenes_of_other_images_or_of_another_kind_are_an_error(rows, word, tmp_path, capsys):
    path = written(tmp_path / "scenes.parquet", rows)
    data = root(tmp_path / "data", {"full": {"train": [image("a", (0, 0, 16, 16))]}})
    with pytest.raises(UsageError, match=word):
        inspected(capsys, data, tmp_path, scenes=str(path))


def test_a_table_without_the_columns_of_scenes_names_the_one_that_it_lacks(tmp_path):
    pq.write_table(pa.table({"name": ["a"], "biome": ["forest"]}), tmp_path / "scenes.parquet")
    with pytest.raises(UsageError, match="no column visible_share"):
        rendered_scenes.read(str(tmp_path / "scenes.parquet"))
