"""Masks in every encoding: decoded whole, or refused with what is to be typed."""

import numpy as np
import pytest
from PIL import Image

from datasets.options import PrepareConfig
from datasets.raw import images, mask_values, masks
from datasets.raw.images import BrokenPictureError
from tests.datasets.mask_files import (
    MASK,
    colour,
    compressed,
    grey,
    opencv,
    palette,
    pillow,
    png,
    smoothed,
    with_alpha,
)

WHITE = np.full((*MASK.shape, 3), 255, dtype=np.uint8)
NOISE = np.random.default_rng(0).integers(1, 255, (*MASK.shape, 3), dtype=np.uint8)


def marks(**fields):
    """What the keys of `prepare` say."""
    known = {"synthetic": "a", "photos": "b", "annotations": ("c",), "to": "d"}
    return PrepareConfig(**(known | fields)).marks


WHOLE = {
    "16-bit colours below 256": (opencv(colour((0, 0, 200), dtype=np.uint16)), {}),
    "16-bit colours with transparency": (opencv(with_alpha(colour((1, 2, 3), dtype=np.uint16), grey(9, 9))), {}),
    "16-bit grey with transparency": (png(np.dstack([grey(100), grey(60_000, 60_000, np.uint16)]), 4), {}),
    "16-bit TIFF": (opencv(colour((0, 0, 200), dtype=np.uint16), ".tiff"), {}),
    "16-bit ids in colour": (opencv(colour((7, 7, 7), dtype=np.uint16)), {"mask_ids": (7,)}),
    "16-bit colours as of 8 bits": (opencv(colour((0, 0, 127 * 257), dtype=np.uint16)), {"mask_colors": ("#7f0000",)}),
    "16-bit colours": (opencv(colour((0, 0, 0x1AB), dtype=np.uint16)), {"mask_colors": ("#01ab00000000",)}),
    "32-bit ids": (pillow(grey(70_000, dtype=np.int32), "TIFF"), {"mask_ids": (70_000,)}),
    "unsigned 32-bit ids": (opencv(grey(70_000, dtype=np.uint32), ".tiff"), {"mask_ids": (70_000,)}),
    "fractions": (pillow(grey(1, dtype=np.float32), "TIFF"), {}),
    "fractions by a threshold": (pillow(grey(0.8, 0.1, np.float32), "TIFF"), {"mask_threshold": 0.5}),
    "doubles": (opencv(grey(1, dtype=np.float64), ".tiff"), {}),
    "colours as fractions": (opencv(colour((0, 0, 1), dtype=np.float32), ".tiff"), {}),
    "one bit": (pillow(Image.fromarray(MASK)), {"mask_ids": (1,)}),
    "one bit, white": (pillow(Image.fromarray(MASK)), {"mask_colors": ("#ffffff",)}),
    "one bit by a threshold": (pillow(Image.fromarray(MASK)), {"mask_threshold": 128}),
    "one bit, fax": (pillow(Image.fromarray(MASK), "TIFF", compression="group4"), {}),
    "palette with transparency": (pillow(palette(), transparency=0), {"mask_ids": (2,)}),
    "palette with transparency by colour": (pillow(palette(), transparency=0), {"mask_colors": ("#c80000",)}),
    "palette with transparency by both": (pillow(palette(), transparency=0), {"mask_colors": ("#C80000FF",)}),
    "palette by a threshold": (pillow(palette()), {"mask_threshold": 200 * 0.299 - 1, "mask_channel": "red"}),
    "two channels": (pillow(Image.fromarray(with_alpha(grey()[..., None], grey(255, 255)), "LA")), {}),
    "white, cut out": (pillow(with_alpha(WHITE, grey())), {}),
    "black, cut out": (pillow(with_alpha(WHITE * 0, grey())), {"mask_colors": ("#000000ff",)}),
    "colours, cut out": (pillow(with_alpha(NOISE, grey())), {"mask_channel": "alpha"}),
    "soft transparency": (
        pillow(with_alpha(NOISE, smoothed(grey()))),
        {"mask_channel": "alpha", "mask_threshold": 128},
    ),
    "ids in the red channel": (pillow(colour((4, 7, 90), (9, 7, 12))), {"mask_channel": "red", "mask_ids": (4,)}),
    "JPEG": (pillow(grey(), "JPEG", quality=60), {"mask_threshold": 128}),
    "JPEG in a TIFF": (pillow(grey(), "TIFF", compression="jpeg"), {"mask_threshold": 128}),
    "lossy WebP": (pillow(grey(), "WEBP"), {"mask_threshold": 128}),
    "JPEG saved as PNG": (pillow(compressed(grey(), 60)), {"mask_threshold": 128}),
    "a red JPEG": (pillow(colour((255, 0, 0)), "JPEG", quality=95, subsampling=0), {"mask_threshold": 38}),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_mask_is_decoded_whole(kind):
    data, fields = WHOLE[kind]
    assert (masks.decode(data, marks(**fields)) == (MASK if "soft" not in kind else smoothed(grey()) > 128)).all()


REFUSED = {
    "JPEG": (pillow(grey(), "JPEG"), "lossy JPEG .*mask_threshold=128"),
    "JPEG of ids": (pillow(grey(1), "JPEG", quality=95), r"lossy JPEG .*mask_threshold=(0\.5|1)"),
    "JPEG in a TIFF": (pillow(grey(), "TIFF", compression="jpeg"), "lossy JPEG .*mask_threshold=128"),
    "lossy WebP with transparency": (
        pillow(with_alpha(colour((255, 255, 255)), grey()), "WEBP"),
        "lossy WebP .*mask_threshold=128",
    ),
    "JPEG saved as PNG": (pillow(compressed(grey())), "values, most of them on edges alone .*mask_threshold=128"),
    "JPEG of colours saved as PNG": (
        pillow(compressed(colour((127, 51, 0)))),
        "most of them on edges .*mask_threshold=",
    ),
    "smooth edges": (pillow(smoothed(grey())), "values, most of them on edges alone .*mask_threshold=128"),
    "smooth fractions": (pillow(smoothed(grey(1, dtype=np.float32)), "TIFF"), r"on edges alone .*mask_threshold=0\.5"),
    "a photograph": (pillow(NOISE), "values, most of them on edges alone"),
    "an animal that is cut out": (pillow(with_alpha(NOISE * MASK[..., None], grey())), "mask_channel=alpha"),
    "colours where it is transparent": (pillow(with_alpha(NOISE, grey())), "which of both.*mask_channel=alpha"),
    "CMYK": (pillow(Image.fromarray(WHITE).convert("CMYK"), "TIFF"), "its colours are CMYK; save it as RGB or grey"),
    "several pages": (
        pillow(grey(), "TIFF", save_all=True, append_images=[Image.fromarray(~grey())]),
        "the file holds 2 pictures",
    ),
    "moving pictures": (
        pillow(grey(), "PNG", save_all=True, append_images=[Image.fromarray(~grey())]),
        "the file holds 2 pictures",
    ),
    "not a number": (pillow(grey(np.nan, dtype=np.float32), "TIFF"), "not numbers"),
    "half a TIFF": (pillow(grey(), "TIFF")[:40], "cannot be read|truncated|broken|unpack"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_told_is_refused_by_name(kind, capfd):
    data, message = REFUSED[kind]
    with pytest.raises(BrokenPictureError, match=message):
        masks.read(data)
    assert capfd.readouterr() == ("", "")


def test_a_smaller_copy_in_a_tiff_is_no_second_picture():
    """Viewers' overviews are marked as such."""
    small = Image.fromarray(grey()[::2, ::2])
    small.encoderinfo = {"tiffinfo": {254: 1}}
    first = Image.fromarray(grey())
    assert (masks.decode(pillow(first, "TIFF", save_all=True, append_images=[small])) == MASK).all()


@pytest.mark.parametrize("count", [3, 40])
def test_ids_of_many_animals_are_no_noise(count):
    ids = np.zeros((200, 200), dtype=np.uint8)
    for number in range(count):
        y, x = divmod(number, 8)
        ids[y * 20 + 2 : y * 20 + 15, x * 20 + 2 : x * 20 + 15] = number + 1
    marked = masks.read(pillow(ids))
    assert marked.variety == mask_values.Variety(count + 1, 0)
    assert (marked.mask_hw == (ids > 0)).all()


def thin(count, width=2, step=14):
    """Ids of animals that are a few pixels wide."""
    ids = np.zeros((200, 200), dtype=np.uint8)
    for number in range(count):
        ids[20:60, 10 + step * number : 10 + step * number + width] = number + 1
    return ids


FAT_AS_WELL = thin(12)
FAT_AS_WELL[100:150, 20:90] = 13
LUT = np.random.default_rng(1).integers(0, 255, (13, 3), dtype=np.uint8) * (np.arange(13) > 0)[:, None].astype(np.uint8)
THIN = {
    "2 px": thin(12),
    "1 px": thin(12, 1),
    "3 px": thin(12, 3),
    "rows": thin(12).T.copy(),
    "a fat one as well": FAT_AS_WELL,
    "16 bits": thin(12).astype(np.uint16) * 300,
    "colours": LUT[thin(12)],
}


@pytest.mark.parametrize("kind", THIN)
def test_ids_of_thin_animals_are_no_noise(kind):
    ids = THIN[kind]
    marked = masks.read(opencv(ids))
    assert not marked.variety.doubtful
    assert (marked.mask_hw == (ids if ids.ndim == 2 else ids.any(axis=2)).astype(bool)).all()


@pytest.mark.parametrize("pixels", [smoothed(grey()), compressed(grey())], ids=["smoothed", "compressed"])
def test_noise_is_told_though_its_pixels_were_repeated(pixels):
    with pytest.raises(BrokenPictureError, match=r"on edges alone .*mask_threshold=128"):
        masks.read(pillow(pixels.repeat(2, 0).repeat(2, 1)))


def test_smoothed_ids_are_not_told_to_be_grey():
    with pytest.raises(BrokenPictureError, match=r"on edges alone .*which of them are animal: mask_ids=1,2,\.\.\.$"):
        masks.read(pillow(smoothed(grey(40))))


def test_what_opencv_reads_is_limited_in_size_as_well(monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 100)
    with pytest.raises(BrokenPictureError, match="96x72 px is too large"):
        masks.read(opencv(grey(1, dtype=np.float64), ".tiff"))


def test_integers_of_32_bits_are_no_colours():
    with pytest.raises(BrokenPictureError, match=r"32 bits, which are no colours.*mask_ids="):
        masks.read(pillow(grey(65_535, dtype=np.int32), "TIFF"), marks(mask_colors=("#ffffff",)))
    assert masks.decode(pillow(grey(65_535, dtype=np.uint16)), marks(mask_colors=("#ffffff",))).any()


def test_noise_among_declared_values_is_doubtful_not_refused():
    marked = masks.read(pillow(compressed(grey(), 60)), marks(mask_ids=(255,)))
    assert marked.variety.doubtful


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (pillow(grey(29)), "0 83 %, 29 17 %"),
        (pillow(colour((0x7F, 0x33, 0))), "#000000 83 %, #7f3300 17 %"),
        (pillow(with_alpha(WHITE * 0, grey())), "#00000000 83 %, #000000ff 17 %"),
        (opencv(colour((0, 0, 300), dtype=np.uint16)), "#000000 83 %, #012c00000000 17 %"),
        (opencv(colour((0, 0, 257), dtype=np.uint16)), "#000000 83 %, #010000 17 %"),
        (pillow(grey(0.25, dtype=np.float32), "TIFF"), "0 83 %, 0.25 17 %"),
        (pillow(palette()), "0 83 %, 2 17 %"),
    ],
)
def test_what_a_mask_holds_is_told_as_it_is_typed(data, told):
    assert mask_values.described(masks.read(data).shares) == told
