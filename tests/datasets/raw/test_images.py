import io

import cv2
import numpy as np
import pytest
from PIL import Image

from datasets.options import Colour, Marks
from datasets.raw import images, masks
from datasets.raw.images import BrokenPictureError
from tests.datasets.raw_inputs import jpg_bytes, picture

IMAGE = picture(np.random.default_rng(0), (40, 24), box=(5, 5, 20, 15))


def encoded(image, form, **options):
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def with_orientation(image, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(Image.fromarray(image), "JPEG", quality=95, exif=exif)


def test_a_jpeg_keeps_its_bytes_and_a_png_becomes_a_jpeg():
    data = jpg_bytes(IMAGE)
    assert images.decode(data).encoded == data
    png = images.decode(encoded(Image.fromarray(IMAGE), "PNG"))
    assert png.jpg is None
    assert png.encoded[:2] == b"\xff\xd8"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_is_stored_is_what_is_shown(orientation):
    """A reader that ignores EXIF, as ours does, sees the picture upright."""
    turned = images.decode(with_orientation(IMAGE, orientation))
    stored = cv2.imdecode(np.frombuffer(turned.encoded, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    assert turned.wh == (stored.shape[1], stored.shape[0]) == ((40, 24) if orientation < 5 else (24, 40))
    assert np.abs(stored.astype(int) - turned.image_hw3).mean() < 4
    assert (turned.jpg is None) == (orientation != 1)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_every_truncated_picture_is_broken(form):
    data = encoded(Image.fromarray(IMAGE), form)
    for length in (0, 10, len(data) // 2, len(data) * 9 // 10):
        with pytest.raises(BrokenPictureError):
            images.decode(data[:length])


def test_a_mask_is_animal_where_it_is_not_zero():
    mask = np.zeros((4, 5), dtype=np.uint8)
    mask[1, 2] = 1
    expected = mask > 0
    colour = np.zeros((4, 5, 3), dtype=np.uint8)
    colour[1, 2] = (0, 0, 9)
    opaque = np.dstack([colour, np.full((4, 5), 255, dtype=np.uint8)])
    for pixels in (mask, mask.astype(np.uint16) * 300, mask > 0, colour, opaque):
        assert (masks.decode(encoded(Image.fromarray(pixels), "PNG")) == expected).all()
    palette = Image.fromarray(mask).convert("P")
    palette.putpalette([0, 200, 0, 200, 0, 0])  # index 0 is not black
    assert (masks.decode(encoded(palette, "PNG")) == expected).all()


def test_a_mask_is_animal_where_it_has_a_given_id_or_colour():
    ids = np.array([[0, 1, 2, 3]], dtype=np.uint8)
    data = encoded(Image.fromarray(ids), "PNG")
    assert masks.decode(data, Marks(ids=frozenset({1, 3}))).tolist() == [[False, True, False, True]]
    colours = np.array([[[0, 0, 0], [255, 0, 0], [0, 255, 0]]], dtype=np.uint8)
    data = encoded(Image.fromarray(colours), "PNG")
    assert masks.decode(data, Marks(colours=frozenset({Colour((0, 255, 0))}))).tolist() == [[False, False, True]]


def test_an_encoded_mask_is_read_back():
    mask = np.random.default_rng(0).random((30, 20)) < 0.3
    assert (masks.decode(images.encode_mask(mask)) == mask).all()


def test_grey_pictures_have_no_chroma():
    grey = np.repeat(np.random.default_rng(0).integers(0, 256, (20, 30, 1), dtype=np.uint8), 3, axis=2)
    assert images.chroma(grey) == 0
    assert images.chroma(IMAGE) == pytest.approx(np.ptp(IMAGE.astype(int), axis=2).mean())
    assert images.luma(grey) == pytest.approx(grey.mean(), rel=1e-5)
