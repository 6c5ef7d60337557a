"""The committed demo files: complete, small, and with every special case of real data. Needs no renderer."""

import json
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

DEMO = Path(__file__).parents[2] / "datasets" / "demo"
LOCATIONS = {"2", "4", "6", "10", "11", "21", "23", "25", "26", "27", "29", "32", "34", "37", "41", "42", "44", "48",
             "53", "57", "59", "61", "63", "66", "70", "120"}  # fmt: skip


@cache
def document():
    return json.loads((DEMO / "annotations.json").read_text())


@cache
def labels():
    """image id -> list of (category name, box or None)."""
    names = {c["id"]: c["name"] for c in document()["categories"]}
    found = defaultdict(list)
    for annotation in document()["annotations"]:
        found[annotation["image_id"]].append((names[annotation["category_id"]], annotation.get("bbox")))
    return found


@cache
def pixels(name):
    return np.asarray(Image.open(DEMO / "photos" / name)).astype(int)


def excluded():
    lines = (DEMO / "exclude.txt").read_text().splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def by_day(image):
    """Whether the camera's clock says 07:00-19:59; None when it says nothing readable."""
    try:
        hour = int(image["date_captured"].split(" ")[1].split(":")[0])
    except ValueError:
        return None
    return None if len(image["date_captured"]) != 19 else 7 <= hour <= 19


def chroma(image):
    picture = pixels(image["file_name"])
    return float((picture.max(2) - picture.min(2)).mean())


def luma(image):
    return float((pixels(image["file_name"]) @ [0.299, 0.587, 0.114]).mean())


def deer_boxes(image):
    return [box for name, box in labels()[image["id"]] if name == "deer" and box]


def is_daylight(image):
    return chroma(image) > 0 and luma(image) > 70 and image["id"] not in excluded()


def test_synthetic_images_pair_with_masks():
    images = sorted((DEMO / "synthetic" / "images").glob("*.jpg"))
    masks = sorted((DEMO / "synthetic" / "masks").glob("*.png"))
    assert len(images) >= 250
    assert [p.stem for p in images] == [p.stem for p in masks]
    with_deer, nights = 0, 0
    for image, mask in zip(images, masks, strict=True):
        picture, animal = Image.open(image), Image.open(mask)
        assert picture.size == animal.size == (256, 192)
        assert animal.mode == "L"
        assert set(np.unique(np.asarray(animal))) <= {0, 255}
        with_deer += bool(np.asarray(animal).any())
        mean = float(np.asarray(picture.convert("L")).mean())
        nights += mean < 40
        assert mean < 40 or mean > 70, image.name
    assert 0.7 < with_deer / len(images) < 0.9
    assert 5 <= nights <= 12


def test_photographs_and_json_list_each_other():
    listed = {image["file_name"] for image in document()["images"]}
    assert listed == {path.name for path in (DEMO / "photos").iterdir()}
    assert len(listed) == len(document()["images"])
    assert all(f"{image['id']}.jpg" == image["file_name"] for image in document()["images"])
    assert {image["location"] for image in document()["images"]} == LOCATIONS
    assert excluded() <= {image["id"] for image in document()["images"]}
    assert excluded()


def test_every_deer_photograph_has_a_mask_that_agrees_with_its_boxes():
    stems = {path.stem for path in (DEMO / "photo_masks").glob("*.png")}
    assert stems == {i["id"] for i in document()["images"] if any(name == "deer" for name, _ in labels()[i["id"]])}
    for image in document()["images"]:
        boxes = deer_boxes(image)
        if not boxes:
            continue
        mask = np.asarray(Image.open(DEMO / "photo_masks" / f"{image['id']}.png")) > 0
        assert mask.shape == (168, 224)
        scale = image["width"] / 224
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert abs(min(b[0] for b in boxes) / scale - columns[0]) <= 1
        assert abs(max(b[1] + b[3] for b in boxes) / scale - rows[-1] - 1) <= 1


def test_total_size():
    total = sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert total <= 8_000_000


def test_six_locations_have_thirty_day_time_deer():
    surviving = [i for i in document()["images"] if deer_boxes(i) and by_day(i) and is_daylight(i)]
    counts = Counter(image["location"] for image in surviving)
    assert 300 <= len(surviving) <= 370
    assert {name for name, count in counts.items() if count >= 30} == {"34", "41", "57", "63", "61", "59"}
    assert set(counts) == LOCATIONS
    assert counts.most_common(1)[0][0] == "34"


@pytest.mark.parametrize(
    ("least", "case"),
    [
        (10, lambda i: chroma(i) == 0 and by_day(i) is False),
        (3, lambda i: chroma(i) == 0 and by_day(i)),
        (4, lambda i: chroma(i) > 0 and luma(i) < 70 and by_day(i) and deer_boxes(i)),
        (4, lambda i: is_daylight(i) and by_day(i) is False and deer_boxes(i)),
        (20, lambda i: by_day(i) and any(n not in {"deer", "empty"} and b for n, b in labels()[i["id"]])),
        (50, lambda i: by_day(i) and is_daylight(i) and labels()[i["id"]] == [("empty", None)]),
        (1, lambda i: any(name == "empty" and box for name, box in labels()[i["id"]])),
        (2, lambda i: any(name == "deer" and not box for name, box in labels()[i["id"]])),
        (1, lambda i: i["date_captured"] == "11 11"),
        (1, lambda i: any(b[0] + b[2] > i["width"] + 1 for b in deer_boxes(i))),
        (5, lambda i: len(deer_boxes(i)) > 1),
        (50, lambda i: i["width"] > 224 and deer_boxes(i)),
        (50, lambda i: i["width"] == 224 and deer_boxes(i)),
    ],
    ids=["infrared_night", "infrared_wrong_clock", "dark_colour", "off_hours", "other_animal", "empty",
         "empty_with_box", "deer_without_box", "malformed_time", "overflowing_box", "two_deer",
         "larger_original", "same_original"],
)  # fmt: skip
def test_special_case_is_present(least, case):
    assert sum(bool(case(image)) for image in document()["images"]) >= least


def test_empty_frames_come_from_many_locations():
    assert len({i["location"] for i in document()["images"] if labels()[i["id"]] == [("empty", None)]}) >= 15


def test_excluded_pictures_would_pass_the_other_tests():
    for image in document()["images"]:
        if image["id"] in excluded():
            assert by_day(image)
            assert chroma(image) > 0
            assert luma(image) > 70
            assert deer_boxes(image)
