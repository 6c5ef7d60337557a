"""Images and masks by their names: prefixes, suffixes, one folder or two, other systems' names."""

import re
import shlex
import unicodedata

import pytest

from ablate.errors import UsageError
from datasets.options import Night
from datasets.raw import affixes, synthetic_images
from datasets.raw.skipped import SelectionLog
from tests.datasets.raw_inputs import config

NAMES = [f"{number:05d}" for number in range(12)]


def files(folder, *names):
    """Empty files: names alone are looked at."""
    for name in names:
        path = folder / "synthetic" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def paired(folder, **fields):
    """Images' and masks' file names, and the log."""
    log = SelectionLog()
    pairs, _ = synthetic_images.pairs(config(folder, folder / "out", **fields), log)
    return {pair.file_name: pair.mask.name for pair in pairs}, log


def typed(message):
    """The keys that an error says to type."""
    found = re.search(r"type ((?:\w+=\S+ ?)+)", message.replace(",", " "))
    return dict(word.split("=", 1) for word in shlex.split(found[1]))


LAYOUTS = {
    "rgba_00000, segmentation_00000": ("images/rgba_{}.png", "masks/segmentation_{}.png"),
    "image_0001, mask_0001": ("images/image_{}.jpg", "masks/mask_{}.png"),
    "0001_rgb, 0001_seg": ("images/{}_rgb.png", "masks/{}_seg.png"),
    "0001, 0001_mask": ("images/{}.png", "masks/{}_mask.png"),
    "frame0001, frame_0001_id": ("images/frame{}.png", "masks/frame_{}_id.png"),
    "Image.0001.beauty, Image.0001.id": ("images/Image.{}.beauty.png", "masks/Image.{}.id.png"),
    "nested": ("images/a/rgb-{}.png", "masks/a/label-{}.png"),
    "Windows": ("images/images\\{}.png", "masks/masks\\{}.png"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_names_have_besides_what_they_share_is_found_out_and_can_be_typed(tmp_path, layout):
    image, mask = LAYOUTS[layout]
    files(tmp_path, *map(image.format, NAMES), *map(mask.format, NAMES))
    with pytest.raises(UsageError, match=r"12 of 12 images have no mask of their name.*makes 12 pairs") as caught:
        paired(tmp_path)
    found, log = paired(tmp_path, **typed(str(caught.value)))
    assert found == {image.format(name).partition("/")[2]: mask.format(name).rpartition("/")[2] for name in NAMES}
    assert log.skipped == []


ONE_FOLDER = {
    "Kubric": [f"{kind}_{name}.png" for name in NAMES for kind in ("rgba", "segmentation", "depth", "normal")],
    "scenes": [f"s{scene}/{kind}_{name}.png" for scene in "ab" for name in NAMES for kind in ("rgba", "segmentation")],
    "suffixes": [f"{name}{kind}.png" for name in NAMES for kind in ("", "_mask")],
}


@pytest.mark.parametrize("layout", ONE_FOLDER)
def test_images_and_masks_may_share_a_folder(tmp_path, layout):
    files(tmp_path, *ONE_FOLDER[layout])
    here = {"synthetic_images": ".", "synthetic_masks": "."}
    with pytest.raises(UsageError, match=r"are one folder.*type .*, which makes \d+ pairs") as caught:
        paired(tmp_path, **here)
    found, log = paired(tmp_path, **here, **typed(str(caught.value)))
    assert len(found) == len(ONE_FOLDER[layout]) // (4 if layout == "Kubric" else 2)
    assert all(("segmentation" in mask or "_mask" in mask) and "seg" not in image for image, mask in found.items())
    assert log.skipped == []
    left = ["24 file(s) without image_prefix=rgba_ were left alone: depth_00000.png, depth_00001.png"]
    assert len(log.remarks) == (layout == "Kubric")
    assert all(text in remark for text, remark in zip(left, log.remarks, strict=False))


def test_masks_may_lie_in_a_folder_of_the_images(tmp_path):
    files(tmp_path, "a.jpg", "b.jpg", "masks/a.png", "masks/b.png")
    found, log = paired(tmp_path, synthetic_images=".")
    assert found == {"a.jpg": "a.png", "b.jpg": "b.png"}
    assert (log.skipped, log.remarks) == ([], [])


def test_other_kinds_of_pictures_beside_the_masks_are_left_alone(tmp_path):
    files(tmp_path, *(f"images/{name}.png" for name in NAMES))
    files(tmp_path, *(f"masks/{kind}_{name}.png" for name in NAMES for kind in ("mask", "depth")))
    found, log = paired(tmp_path, mask_prefix="mask_")
    assert len(found) == 12
    assert log.skipped == []
    assert "12 file(s) without mask_prefix=mask_ were left alone" in log.remarks[0]


def test_names_that_differ_in_case_are_one_where_only_one_pair_has_it(tmp_path):
    files(tmp_path, "images/A_000.JPG", "images/b.jpg", "images/B.jpg", "images/c.jpg")
    files(tmp_path, "masks/a_000.png", "masks/b.png", "masks/B.PNG", "masks/c.png")
    found, log = paired(tmp_path)
    assert found == {"A_000.JPG": "a_000.png", "b.jpg": "b.png", "B.jpg": "B.PNG", "c.jpg": "c.png"}
    assert log.remarks == [
        "1 mask(s) have names that differ from their images' in case, such as a_000.png of A_000.JPG"
    ]


def test_names_that_differ_in_case_are_no_pair_where_two_could_be(tmp_path):
    files(tmp_path, *(f"images/{name}.png" for name in [*NAMES, "X"]))
    files(tmp_path, *(f"masks/{name}.png" for name in [*NAMES, "x"]), "masks/sub/x.png")
    assert "X.png" in paired(tmp_path)[0]
    files(tmp_path, "images/x.jpg", "images/xx.png", "masks/Xx.png", "masks/xX.png")
    found, log = paired(tmp_path)
    assert "X.png" not in found
    assert "xx.png" not in found
    assert {one.name for one in log.skipped if one.reason == "no mask of this name"} == {"X.png", "xx.png"}


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_an_accented_letter_is_one_however_it_is_encoded(tmp_path, forms):
    image, mask = (unicodedata.normalize(form, "Förster") for form in forms)
    files(tmp_path, f"images/{image}.png", f"masks/{mask}.png", "images/b.png", "masks/b.png")
    found, log = paired(tmp_path)
    assert found[f"{image}.png"] == f"{mask}.png"
    assert "how their letters are encoded" in log.remarks[0]


def test_a_night_pattern_and_list_find_accented_names_however_encoded(tmp_path):
    names = [unicodedata.normalize("NFD", "Tännicht"), "a", "b"]
    files(tmp_path, *(f"images/{name}.png" for name in names), *(f"masks/{name}.png" for name in names))
    assert len(paired(tmp_path, night=Night(synthetic_pattern="Tänn*"))[0]) == 2
    (tmp_path / "night.txt").write_text(unicodedata.normalize("NFC", "images\\Tännicht.PNG\n"))
    found, log = paired(tmp_path, night=Night(synthetic_list=str(tmp_path / "night.txt")))
    assert len(found) == 2
    assert "1 of 1 lines name something here but for case, folders or separators" in log.remarks[0]


def test_a_name_that_is_an_images_and_a_masks_is_listed(tmp_path):
    files(tmp_path, *(f"a_{name}.png" for name in NAMES), *(f"{name}_b.png" for name in NAMES), "a_x_b.png")
    found, log = paired(tmp_path, synthetic_images=".", synthetic_masks=".", image_prefix="a_", mask_suffix="_b")
    assert len(found) == 12
    assert [(one.name, one.reason) for one in log.skipped] == [("a_x_b.png", "its name is an image's and a mask's")]


@pytest.mark.parametrize(
    ("there", "message"),
    [
        (["images/a.exr", "masks/a.png"], r"holds no picture, but 1 \.exr, which are not read; save them as PNG"),
        (["images/a.png", "masks/a.exr"], r"synthetic_masks= holds no picture, but 1 \.exr, which are not read"),
        (
            ["images/a.png", "masks/b.png"],
            r"1 of 1 images have no mask of their name \(a.png; masks without an image: b",
        ),
        (["images/1.png", "masks/0001.png"], "their numbers are padded otherwise, as 0001 and 1: rename either"),
        (["images/a.png", "masks/a/mask.png"], "images' names as folders, as a/mask: rename it a, and so on"),
        (["images/1.png", "masks/1.id map.png"], r"type mask_suffix='\.id map', which makes 1 pairs"),
        (["images/deer1.png", "masks/x/fox2.png"], "is it the right folder.*image_prefix="),
    ],
)
def test_names_that_cannot_be_paired_are_shown(tmp_path, there, message):
    files(tmp_path, *there)
    with pytest.raises(UsageError, match=message):
        paired(tmp_path)


def test_counting_from_another_number_is_remarked(tmp_path):
    files(tmp_path, *(f"images/{index}.png" for index in range(5)), *(f"masks/{index}.png" for index in range(1, 6)))
    assert "such as 0.png and 5.png: do both count from the same number?" in str(paired(tmp_path)[1].remarks)


def test_a_proposal_counts_all_names_and_prefers_words_that_suit(tmp_path):
    names = [f"{kind}-{number}" for number in range(900) for kind in ("normals", "beauty", "depth", "idmask")]
    found = affixes.proposal(names, names)
    assert (found.typed, found.pairs) == ("image_prefix=beauty- mask_prefix=idmask-", 900)
    assert affixes.proposal(["a1"], ["b2"]) is None
    assert affixes.proposal([], []) is None


def test_identities_do_not_depend_on_how_pairs_are_told(tmp_path):
    """Keys and splits follow from the image's own name."""
    for folder, mask in (("plain", "{}"), ("suffixed", "{}_mask")):
        files(tmp_path / folder, *(f"images/{name}.jpg" for name in NAMES))
        files(tmp_path / folder, *(f"masks/{mask.format(name)}.png" for name in NAMES))
    plain, suffixed = (
        [
            (pair.key, pair.split)
            for pair in synthetic_images.pairs(config(tmp_path / folder, tmp_path, **fields), SelectionLog())[0]
        ]
        for folder, fields in (("plain", {}), ("suffixed", {"mask_suffix": "_mask"}))
    )
    assert plain == suffixed
    assert plain[0] == ("00000", "train")


def test_of_two_masks_of_one_name_without_the_suffix_neither_is_taken(tmp_path):
    files(tmp_path, *(f"images/{name}.png" for name in "abc"), "masks/a_mask.png", "masks/b.png")
    files(tmp_path, "masks/c.png", "masks/c.tif", "masks/depth.png", "masks/depth.tif")
    found, log = paired(tmp_path, mask_suffix="_mask")
    assert found == {"a.png": "a_mask.png", "b.png": "b.png"}
    assert {(one.name, one.reason) for one in log.skipped} == {
        ("c.png", "two files of this name"),
        ("c.tif", "two files of this name"),
        ("c.png", "no mask of this name"),
    }


def test_more_images_without_a_mask_than_with_one_may_be_allowed(tmp_path):
    files(tmp_path, *(f"images/{name}.png" for name in NAMES), "masks/00000.png", "masks/00001.png")
    with pytest.raises(UsageError, match="10 of 12 images have no mask"):
        paired(tmp_path, max_bad=0.8)
    found, log = paired(tmp_path, max_bad=0.85)
    assert (len(found), len(log.skipped)) == (2, 10)
    for name in ("00000", "00001"):
        (tmp_path / "synthetic" / "masks" / f"{name}.png").rename(tmp_path / "synthetic" / "masks" / f"x{name}.png")
    with pytest.raises(UsageError, match="12 of 12 images have no mask"):
        paired(tmp_path, max_bad=1.0)


def test_a_name_that_has_its_partner_is_no_example_of_one_without(tmp_path):
    files(tmp_path, *(f"images/{name}.png" for name in ("3", "x", "y")), "masks/3.png")
    with pytest.raises(UsageError, match="2 of 3 images have no mask") as caught:
        paired(tmp_path)
    assert "rename" not in str(caught.value)
    files(tmp_path, "images/z.png", "images/07.png", "masks/7.png")
    with pytest.raises(UsageError, match="padded otherwise, as 7 and 07"):
        paired(tmp_path)


@pytest.mark.parametrize("key", ["image_prefix", "image_suffix", "mask_prefix", "mask_suffix"])
@pytest.mark.parametrize("affix", ["seg/", "/seg", "a\0"])
def test_a_folder_is_no_part_of_a_name(tmp_path, key, affix):
    with pytest.raises(ValueError, match="name the folder with synthetic_masks="):
        config(tmp_path, tmp_path / "out", **{key: affix})
