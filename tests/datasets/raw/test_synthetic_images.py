"""Synthetic folders as users have them: every format, every kind of mask, odd names, and bad files."""

import itertools

import numpy as np
import pytest
from PIL import Image

from ablate.errors import UsageError
from datasets.options import Night
from datasets.raw import synthetic_images
from datasets.raw.skipped import SelectionLog
from tests.datasets import bad_files
from tests.datasets.raw_inputs import config, picture

WH = (96, 72)
PIXELS = picture(np.random.default_rng(0), WH)
MASK = np.zeros(WH[::-1], dtype=bool)
MASK[20:50, 30:70] = True


@pytest.fixture
def folder(tmp_path):
    """A synthetic folder with one sound pair, `ok`."""
    return Folder(tmp_path).image("ok.png").mask("ok.png")


class Folder:
    """Images and masks, put there one by one."""

    def __init__(self, path):
        self.path = path
        for name in ("images", "masks"):
            (path / "synthetic" / name).mkdir(parents=True)

    def put(self, name, content, **options):
        """Saves bytes, an array or a picture; by default in the format that the suffix tells."""
        path = self.path / "synthetic" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            image = content if isinstance(content, Image.Image) else Image.fromarray(content)
            image.save(path, **options)
        return self

    def image(self, name, content=PIXELS, **options):
        return self.put(f"images/{name}", content, **options)

    def mask(self, name, content=MASK, **options):
        return self.put(f"masks/{name}", content, **options)

    def judged(self, **fields):
        """By name: the source, or what was said instead."""
        log, chosen = SelectionLog(), config(self.path, self.path / "out", **fields)
        pairs, _ = synthetic_images.pairs(chosen, log)
        found = {pair.name: synthetic_images.judge(pair, chosen) for pair in pairs}
        said = {name: source or (one.reason) for name, (source, one) in found.items()}
        return said | {entry.name: entry.reason for entry in log.skipped} | self.left_out(log)

    def note(self, name, **fields):
        chosen = config(self.path, self.path / "out", **fields)
        pair = next(pair for pair in synthetic_images.pairs(chosen, SelectionLog())[0] if pair.name == name)
        return synthetic_images.judge(pair, chosen)[1].note

    @staticmethod
    def left_out(log):
        return {row.id: row.reason for row in log.considered}


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "JPG", "png", "tif", "tiff", "webp", "bmp"])
def test_images_of_every_usual_format_are_read(folder, suffix):
    source = folder.image(f"a.{suffix}").mask("a.png").judged()["a"]
    assert source.picture.image_hw3.shape == PIXELS.shape
    assert np.corrcoef(source.picture.image_hw3.ravel(), PIXELS.ravel())[0, 1] > 0.75  # it is noise, which JPEG blurs
    assert source.picture.encoded[:2] == b"\xff\xd8"
    assert folder.note("a") is None


def palette(mask):
    """Index 2 is the animal, and no index is black."""
    image = Image.fromarray((mask * 2).astype(np.uint8)).convert("P")
    image.putpalette([9, 200, 0, 8, 8, 8, 200, 0, 0])
    return image


COLOURS = np.where(MASK[..., None], np.uint8((200, 0, 0)), np.uint8((0, 90, 0)))
MASKS = {
    "one bit": (Image.fromarray(MASK), {}),
    "0 and 255": ((MASK * 255).astype(np.uint8), {}),
    "0 and 1": (MASK.astype(np.uint8), {}),
    "16 bit": ((MASK * 40_000).astype(np.uint16), {}),
    "16 bit ids": (np.where(MASK, 40_007, 300).astype(np.uint16), {"mask_ids": (40_007,)}),
    "palette": (palette(MASK), {"mask_ids": (2,)}),
    "palette by colour": (palette(MASK), {"mask_colors": ("#c80000",)}),
    "ids": (np.where(MASK, 7, 3).astype(np.uint8), {"mask_ids": (7, 8)}),
    "colours": (COLOURS, {"mask_colors": ("#C80000", "#010101")}),
    "colours, opaque": (np.dstack([COLOURS, np.full(MASK.shape, 255, np.uint8)]), {"mask_colors": ("#c80000",)}),
}


@pytest.mark.parametrize("kind", MASKS)
def test_masks_of_every_kind_are_read(folder, kind):
    content, fields = MASKS[kind]
    source = folder.image("a.png").mask("a.png", content).judged(**fields)["a"]
    assert (source.mask_hw == MASK).all()


@pytest.mark.parametrize(("suffix", "options"), [("tif", {}), ("bmp", {}), ("webp", {"lossless": True})])
def test_masks_of_lossless_formats_are_read(folder, suffix, options):
    source = folder.image("a.png").mask(f"a.{suffix}", (MASK * 255).astype(np.uint8), **options).judged()["a"]
    assert (source.mask_hw == MASK).all()


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.png"])
def test_a_lossy_mask_is_bad_whatever_its_suffix(folder, name):
    form = "WebP" if name.endswith("webp") else "JPEG"
    data = bad_files.encoded(Image.fromarray((MASK * 255).astype(np.uint8)), form)
    said = folder.image("a.png").mask(name, data).judged()["a"]
    assert said.startswith(f"broken: a lossy {form} mask has no exact values; say above which grey value is animal: ")
    assert "mask_threshold=128" in said


def test_a_mask_of_another_size_is_scaled_to_the_nearest_pixel_and_noted(folder):
    small = MASK[::2, ::2]
    source = folder.image("a.png").mask("a.png", small).judged()["a"]
    assert (source.mask_hw == np.kron(small, np.ones((2, 2), dtype=bool))).all()
    assert folder.note("a") == "mask scaled (nearest): from 48x36 to 96x72"


def test_names_may_be_nested_and_hold_dots_spaces_and_other_letters(folder):
    names = ["wald/tag 1/reh.0001", "wald/tag 2/reh.0001", "Größe 鹿", "a.b.c"]
    for name in names:
        folder.image(f"{name}.jpg").mask(f"{name}.png")
    folder.put("images/.hidden/x.jpg", b"").put("images/__MACOSX/._a.jpg", b"").put("masks/.x.png", b"")
    said = folder.judged()
    assert set(said) == {"ok", *names}
    assert len({source.key for source in said.values()}) == len(said)
    assert all(source.key.isascii() and "." not in source.key for source in said.values())


def test_folders_behind_links_are_read_and_dangling_links_are_listed(folder):
    images, masks = (folder.path / "synthetic" / name for name in ("images", "masks"))
    elsewhere = Folder(folder.path / "elsewhere").image("a.png").mask("a.png").path / "synthetic"
    (images / "more").symlink_to(elsewhere / "images")
    (masks / "more").symlink_to(elsewhere / "masks")
    (images / "more" / "round").symlink_to(images)
    (images / "gone.png").symlink_to("/nowhere.png")
    (images / "notes.txt").write_text("")
    said = folder.judged()
    assert {"more/a", "gone.png"} < set(said)
    assert said["gone.png"] == "the link leads nowhere"


def test_files_of_other_kinds_and_unknown_names_are_remarked_on(folder):
    folder.put("images/notes.txt", b"").image("b.png").mask("b.png")
    (folder.path / "night.txt").write_text("ok\nnobody # typed wrong\n")
    log = SelectionLog()
    night = Night(synthetic_list=str(folder.path / "night.txt"))
    with pytest.raises(UsageError):  # one image is left
        synthetic_images.pairs(config(folder.path, folder.path / "out", night=night), log)
    assert "1 file(s) of other kinds were left alone: 1 .txt" in log.remarks[0]
    assert "1 of 2 lines name nothing here: nobody" in log.remarks[1]


@pytest.mark.parametrize(
    ("night", "reason"),
    [({"synthetic_pattern": "*_night"}, "night by its name"), ({"synthetic_list": "night.txt"}, "night by the list")],
)
def test_night_is_told_by_a_pattern_or_a_list(folder, night, reason):
    (folder.path / "night.txt").write_text("a_night.png\n")
    if "synthetic_list" in night:
        night = {"synthetic_list": str(folder.path / "night.txt")}
    for name in ("a_night", "b"):
        folder.image(f"{name}.png").mask(f"{name}.png")
    said = folder.judged(night=Night(**night))
    assert said["a_night"] == reason
    assert isinstance(said["b"], synthetic_images.Source)


def test_night_is_told_by_brightness(folder):
    said = folder.image("a.png", PIXELS // 6).mask("a.png").judged()
    assert said["a"] == "dark"


BAD_IMAGES = {
    "zero bytes": (b"", "broken: not a picture"),
    "truncated": (bad_files.encoded(Image.fromarray(PIXELS), "JPEG")[:-900], "broken: image file is truncated"),
    "huge": (bad_files.huge_png(), "broken: too large; at most 80 megapixels"),
    "large": (bad_files.huge_png(9000, 9000), "broken: 9000x9000 px is too large; at most 80 megapixels"),
    "cmyk": (bad_files.cmyk_jpg(), "broken: its colours are CMYK; save it as RGB"),
    "corrupt": (bad_files.corrupt_png(), "broken: "),
    "text": (b"<html>", "broken: not a picture"),
    "32 bit": (bad_files.encoded(Image.fromarray(PIXELS[..., 0].astype(np.float32)), "TIFF"), "broken: its pixels are"),
}


@pytest.mark.parametrize("kind", BAD_IMAGES)
def test_a_bad_image_is_skipped_with_its_reason(folder, kind):
    data, reason = BAD_IMAGES[kind]
    assert folder.image("a.jpg", data).mask("a.png").judged()["a"].startswith(reason)


@pytest.mark.parametrize("data", [b"", b"<html>", bad_files.corrupt_png(), bad_files.huge_png()])
def test_a_bad_mask_is_skipped_with_its_reason(folder, data):
    assert folder.image("a.png").mask("a.png", data).judged()["a"].startswith("broken: ")


def test_an_image_that_exif_turns_does_not_fit_its_mask(folder):
    exif = Image.Exif()
    exif[0x0112] = 3
    said = folder.image("a.jpg", bad_files.encoded(Image.fromarray(PIXELS), "JPEG", exif=exif)).mask("a.png").judged()
    assert said["a"].startswith("its EXIF orientation turns it")


def test_a_jpeg_under_another_suffix_is_taken_by_its_content_and_noted(folder):
    folder.image("a.png", bad_files.encoded(Image.fromarray(PIXELS), "JPEG")).mask("a.png")
    assert isinstance(folder.judged()["a"], synthetic_images.Source)
    assert folder.note("a") == "suffix tells another format: .png is JPEG"


def test_a_grey_image_of_16_bit_keeps_its_brightness(folder):
    grey = np.full(WH[::-1], 30_000, dtype=np.uint16)
    source = folder.image("a.png", grey).mask("a.png").judged()["a"]
    assert (source.picture.image_hw3 == round(30_000 / 257)).all()


def test_masks_may_have_a_suffix_behind_the_images_names(folder):
    folder.image("a.png").mask("a_mask.png").mask("ok_mask.png")
    (folder.path / "synthetic" / "masks" / "ok.png").unlink()
    said = folder.judged(mask_suffix="_mask")
    assert isinstance(said["a"], synthetic_images.Source)
    assert isinstance(said["ok"], synthetic_images.Source)


WAYS = {"mask_ids": (1,), "mask_colors": ("#000001",), "mask_threshold": 128}


@pytest.mark.parametrize("ways", [*itertools.combinations(WAYS, 2), tuple(WAYS)])
def test_ids_colours_and_a_threshold_exclude_each_other(tmp_path, ways):
    with pytest.raises(ValueError, match="mask_ids=, mask_colors= and mask_threshold= exclude each other"):
        config(tmp_path, tmp_path, **{way: WAYS[way] for way in ways})


def test_one_image_alone_cannot_be_divided(folder):
    with pytest.raises(UsageError, match="cannot be divided into train and val"):
        folder.judged()
