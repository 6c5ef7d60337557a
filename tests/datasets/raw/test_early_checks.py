"""What is wrong with all masks is told before any picture is read, with the values that they hold."""

import shutil

import numpy as np
import pytest
from PIL import Image

from ablate.data import shards
from ablate.errors import UsageError
from datasets import inspect
from datasets.inspect import InspectConfig
from datasets.prepare import prepare
from datasets.raw import candidates, early_checks, synthetic_images
from datasets.raw.masks import decode
from datasets.raw.skipped import SelectionLog
from tests.datasets import raw_inputs
from tests.datasets.mask_files import MASK, colour, compressed, grey, pillow, smoothed, with_alpha
from tests.datasets.raw_inputs import config, picture, save


@pytest.fixture
def raw(tmp_path):
    """A raw folder whose photographs cannot be read: whatever is told is told without them."""
    raw_inputs.survey(tmp_path)
    for path in (tmp_path / "photos").iterdir():
        path.write_bytes(b"never looked at")
    return tmp_path


def masks(folder, data, count=4, suffix="png"):
    rng = np.random.default_rng(0)
    for index in range(count):
        save(folder / "synthetic" / "images" / f"s{index:04d}.jpg", picture(rng, raw_inputs.SYNTHETIC_WH))
        path = folder / "synthetic" / "masks" / f"s{index:04d}.{suffix}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


def looked(folder, **fields):
    log, chosen = SelectionLog(), config(folder, folder / "out", **fields)
    early_checks.at_synthetic(synthetic_images.pairs(chosen, log)[0], chosen, log)
    return log.remarks


THREE = np.where(np.arange(96) < 4, np.uint8(76), grey(29))  # three ids: 0, 29, 76
TOLD = {
    "no such id": (
        pillow(THREE),
        {"mask_ids": (7,)},
        "mask_ids=7; they hold 0 78 %, 29 17 %, 76 4 %; .*mask_ids=29 or",
    ),
    "no such colour": (
        pillow(colour((127, 51, 0))),
        {"mask_colors": ("#00ff00",)},
        r"mask_colors=#00ff00; they hold #000000 83 %, #7f3300 17 %; .*mask_colors=#7f3300",
    ),
    "no exact colour left": (
        pillow(compressed(colour((0, 0, 255)))),
        {"mask_colors": ("#0000ff",)},
        "were compressed, smoothed or scaled once: type mask_threshold=",
    ),
    "blue, green, red": (
        pillow(colour((127, 51, 0))),
        {"mask_colors": ("#00337F",)},
        r"red and blue are swapped: type mask_colors=#7f3300",
    ),
    "ids of a picture in colour": (pillow(colour((4, 0, 0))), {"mask_ids": (4,)}, "such as mask_colors=#040000"),
    "colours of a picture of ids": (pillow(grey(29)), {"mask_colors": ("#00ff00",)}, "such as mask_ids=29"),
    "a black shape, cut out": (
        pillow(with_alpha(colour((0, 0, 0)), grey())),
        {},
        "they hold #00000000 83 %, #000000ff 17 %; .*such as mask_colors=#000000ff",
    ),
    "too high a threshold": (
        pillow(grey(1)),
        {"mask_threshold": 128},
        r"mask_threshold=128; .*type mask_threshold=0\.5",
    ),
    "nothing": (pillow(grey(0)), {}, "which is what is not 0; they hold 0 100 %; is it the right folder"),
    "all but the animal": (
        pillow(grey(0, 255)),
        {},
        "4 of 4 masks cover most .*they hold 255 83 %, 0 17 %.*mask_ids=0",
    ),
    "JPEG saved as PNG": (
        pillow(compressed(grey())),
        {},
        "4 of 4 masks looked at are bad: .*mask_threshold=128",
    ),
    "smooth edges": (pillow(smoothed(grey())), {}, "4 of 4 masks looked at are bad: .*mask_threshold=128"),
    "several pages": (
        pillow(grey(), "TIFF", save_all=True, append_images=[Image.fromarray(grey())]),
        {},
        "the file holds 2 pictures",
    ),
}


@pytest.mark.parametrize("kind", TOLD)
def test_what_is_wrong_with_all_masks_is_told_before_pictures_are_read(raw, kind):
    data, fields, message = TOLD[kind]
    masks(raw, data)
    with pytest.raises(UsageError, match=message):
        prepare(config(raw, raw / "out", **fields), lambda line: None)
    assert not (raw / ".out.building").exists()


DOUBTED = {
    "ids without a choice": (pillow(np.where(MASK, np.arange(96) // 4, 0).astype(np.uint8)), {}, "more than 2 values"),
    "one class more": (
        pillow(THREE),
        {},
        r"all but 0 is animal (0 78 %, 29 17 %, 76 4 %); where it is not, type mask_",
    ),
    "one class more, declared": (pillow(THREE), {"mask_ids": (29,)}, None),
    "noise among declared ids": (pillow(compressed(grey(), 60)), {"mask_ids": (255,)}, "mask_threshold=128 instead of"),
    "a class among many": (pillow(np.arange(96)[None].repeat(72, 0).astype(np.uint8) // 4), {"mask_ids": (3,)}, None),
}


@pytest.mark.parametrize("kind", DOUBTED)
def test_what_may_be_misread_is_remarked_on(raw, kind):
    data, fields, message = DOUBTED[kind]
    masks(raw, data)
    remarks = looked(raw, **fields)
    assert len(remarks) == (message is not None)
    assert all(message in remark for remark in remarks)


def test_values_that_a_light_compression_leaves_on_edges_are_remarked_on(raw):
    ring = grey()
    ring[19, 30:70], ring[50, 30:70], ring[20, 30:70], ring[49, 30:70] = 1, 1, 254, 254
    masks(raw, pillow(ring))
    (remark,) = looked(raw)
    assert "4 of 4 masks looked at hold values that lie on edges alone" in remark
    assert "if so, type mask_threshold=128" in remark


def test_few_masks_among_many_are_looked_at_and_always_the_same(raw):
    """A folder of any size is looked at in seconds."""
    masks(raw, pillow(grey()), count=200)
    for path in sorted((raw / "synthetic" / "masks").iterdir())[1::50]:
        path.write_bytes(b"")  # four bad ones, of which a sample sees next to none
    assert looked(raw) == looked(raw) == []


def test_one_animal_among_many_images_is_enough(raw):
    masks(raw, pillow(grey(0)), count=100)
    (raw / "synthetic" / "masks" / "s0050.png").write_bytes(pillow(grey()))
    assert looked(raw) == []


@pytest.mark.parametrize(
    ("data", "fields", "message"),
    [
        (pillow(grey(7)), {"mask_ids": (3,)}, "photo_masks=.*none of 6 masks holds an animal, which is mask_ids=3"),
        (
            pillow(compressed(grey())),
            {},
            "photo_masks=.*6 of 6 masks looked at are bad: p0.jpg: .*threshold=128",
        ),
    ],
)
def test_masks_of_photographs_are_looked_at_as_well(raw, data, fields, message):
    (raw / "photo_masks").mkdir()
    for index in range(6):
        (raw / "photo_masks" / f"p{index}.png").write_bytes(data)
    chosen = config(raw, raw / "out", photo_masks=str(raw / "photo_masks"), **fields)
    with pytest.raises(UsageError, match=message):
        early_checks.at_photographs(candidates.candidates(chosen, SelectionLog()), chosen)


def test_a_photograph_whose_mask_holds_no_animal_is_a_bad_input(tmp_path):
    raw_inputs.folder(tmp_path)
    width, height = raw_inputs.PHOTO_WH
    mask = np.zeros((height, width), dtype=np.uint8)
    for index in range(6):
        save(tmp_path / "photo_masks" / f"p{index}.png", mask if index == 3 else mask + np.uint8(9))
    lines = []
    prepare(config(tmp_path, tmp_path / "out", photo_masks=str(tmp_path / "photo_masks"), max_bad=0.5), lines.append)
    assert 'p3.jpg,"broken: its mask holds no animal, but 0 100 %"' in (tmp_path / "out" / "skipped.csv").read_text()


def test_jpeg_masks_are_taken_with_a_threshold_and_mark_what_lossless_ones_mark(tmp_path):
    raw_inputs.folder(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    for path in sorted((tmp_path / "b" / "synthetic" / "masks").iterdir()):
        path.with_suffix(".jpg").write_bytes(pillow(Image.open(path), "JPEG", quality=90))
        path.unlink()
    manifests = [
        prepare(config(tmp_path / "a", tmp_path / "a" / "out", arms=("full",)), print),
        prepare(config(tmp_path / "b", tmp_path / "b" / "out", arms=("full",), mask_threshold=128), print),
    ]
    assert manifests[0].arm("full").digest == manifests[1].arm("full").digest
    assert manifests[1].parameters["mask_threshold"] == 128


def test_specks_in_most_masks_are_remarked_on(tmp_path, capsys):
    raw_inputs.folder(tmp_path)
    for path in (tmp_path / "synthetic" / "masks").iterdir():
        mask = np.array(Image.open(path))
        mask[::12, ::12] = 255
        save(path, mask)
    lines = []
    prepare(config(tmp_path, tmp_path / "out"), lines.append)
    told = [line for line in lines if "more than 5 animals" in line]
    assert told
    assert all("type mask_threshold=128" in line for line in told)
    assert inspect.main(InspectConfig(data=str(tmp_path / "out"), to=str(tmp_path / "sheets"), samples=1)) == 0
    assert "boxes a sample; is each an animal?" in " ".join(capsys.readouterr().out.split())


def test_an_image_without_an_animal_tells_what_its_mask_holds(tmp_path):
    masks(tmp_path, pillow(THREE), count=2)
    chosen = config(tmp_path, tmp_path / "out", mask_ids=(7,))
    pairs, _ = synthetic_images.pairs(chosen, SelectionLog())
    _, said = synthetic_images.judge(pairs[0], chosen)
    assert (said.reason, said.note) == ("no animal", "its mask holds: 0 78 %, 29 17 %, 76 4 %")


BAD_IMAGES = {
    "broken": (
        lambda path: path.write_bytes(b"<html>"),
        "4 of 4 images looked at are bad: s0000.jpg: broken",
    ),
    "another shape": (lambda path: save(path, picture(np.random.default_rng(0), (50, 50))), "mask of another shape"),
}


@pytest.mark.parametrize("kind", BAD_IMAGES)
def test_images_that_are_all_bad_are_told_early_as_well(raw, kind):
    spoil, message = BAD_IMAGES[kind]
    masks(raw, pillow(grey()))
    for path in (raw / "synthetic" / "images").iterdir():
        spoil(path)
    with pytest.raises(UsageError, match=message):
        looked(raw)


@pytest.mark.parametrize(
    ("name", "fields"), [("p{}.tif", {}), ("seg_p{}.jpg", {"mask_prefix": "seg_"}), ("p{}.png", {})]
)
def test_masks_of_photographs_have_the_names_and_formats_of_the_synthetic_ones(tmp_path, name, fields):
    raw_inputs.folder(tmp_path)
    mask = np.zeros(raw_inputs.PHOTO_WH[::-1], dtype=np.uint8)
    mask[20:40, 20:50] = 255
    for index in range(6):
        save(tmp_path / "photo_masks" / name.format(index), mask)
    threshold = {"mask_threshold": 128} if name.endswith("jpg") else {}
    chosen = config(
        tmp_path, tmp_path / "out", photo_masks=str(tmp_path / "photo_masks"), arms=("full",), **fields, **threshold
    )
    manifest = prepare(chosen, lambda line: None)
    found = [sample.mask_png for sample in shards.read(tmp_path / "out", manifest, "real", "test")]
    assert [decode(data).mean() for data in found] == [mask.mean() / 255] * 6


def test_a_folder_without_any_mask_of_the_photographs_is_asked_about(raw):
    (raw / "photo_masks").mkdir()
    (raw / "photo_masks" / "p0_label.png").write_bytes(pillow(grey()))
    chosen = config(raw, raw / "out", photo_masks=str(raw / "photo_masks"))
    with pytest.raises(
        UsageError, match=r"none of the 6 photographs has a mask, such as p0\.png: .*p0_label\.png.*type mask_"
    ):
        early_checks.at_photographs(candidates.candidates(chosen, SelectionLog()), chosen)


def test_a_preview_beside_the_masks_of_photographs_is_none(tmp_path):
    raw_inputs.folder(tmp_path)
    mask = np.zeros(raw_inputs.PHOTO_WH[::-1], dtype=np.uint8)
    mask[20:40, 20:50] = 255
    for index in range(6):
        save(tmp_path / "photo_masks" / f"p{index}.{'png' if index else 'jpg'}", mask)
    chosen = config(tmp_path, tmp_path / "out", photo_masks=str(tmp_path / "photo_masks"), arms=("full",))
    manifest = prepare(chosen, lambda line: None)
    found = [sample.mask_png is not None for sample in shards.read(tmp_path / "out", manifest, "real", "test")]
    assert sorted(found) == [False] + [True] * 5


def test_values_on_edges_of_dark_masks_are_told_to_be_declared_as_ids(raw):
    masks(raw, pillow(smoothed(grey(40))))
    assert "where they are ids, type mask_ids=1,2,..." in looked(raw, mask_ids=(40,))[0]
