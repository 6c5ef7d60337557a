from dataclasses import replace

import numpy as np
import pytest
import scipy.ndimage

from ablate import plugins
from ablate.data.manifest import REAL
from ablate.metrics.geometry.components import components
from datasets import arms
from datasets.arms import crop, full, i2i, real
from datasets.raw import candidates, images, masks, real_images, synthetic_images
from datasets.raw.skipped import SelectionLog
from datasets.translate.domains import style
from datasets.translate.domains.style import StylePhoto
from tests.datasets import raw_inputs
from tests.datasets.raw_inputs import config, folder

TRAINING = [name for name in plugins.names(arms.PACKAGE) if name != REAL]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    path = folder(tmp_path_factory.mktemp("raw"))
    return Inputs(config(path, path / "out"))


class Inputs:
    """Raw inputs, judged; every image of them is usable."""

    def __init__(self, chosen):
        self.config = chosen
        self.pairs, _ = synthetic_images.pairs(chosen, SelectionLog())
        self.sources = [synthetic_images.judge(pair, chosen)[0] for pair in self.pairs]
        found = candidates.candidates(chosen, SelectionLog())
        self.photos = [real_images.files(record, chosen)[0] for record in found.test]
        photos = (StylePhoto(path, record.location) for path, record in zip(self.photos, found.test, strict=True))
        self.material = arms.Material(style.of_test(photos), lambda line: None)

    def samples(self, module):
        """What an arm makes of all images, with the split of each."""
        fitted = module.fit(self.material, self.config) if hasattr(module, "fit") else None
        return [
            (pair.split, sample)
            for pair, source in zip(self.pairs, self.sources, strict=True)
            for sample in module.samples(source, self.config, fitted)
        ]


def expected_windows(mask, size, min_side):
    """The paper's rule, pixel by pixel: of all windows inside the image, the one nearest to the box's centre."""
    labels, count = scipy.ndimage.label(mask, structure=np.ones((3, 3)))
    windows = set()
    for number in range(1, count + 1):
        rows, columns = np.nonzero(labels == number)
        spans = []
        for places, limit in ((columns, mask.shape[1]), (rows, mask.shape[0])):
            begin, end = places.min(), places.max() + 1
            starts = range(limit - size + 1) if limit > size else [0]
            # Twice the distance of the centres is whole; of two equally near windows the first.
            spans.append((end - begin, min(starts, key=lambda start: abs(begin + end - (2 * start + size)))))
        (width, left), (height, top) = spans
        if max(width, height) >= min_side:
            windows.add((int(left), int(top), int(left) + size, int(top) + size))
    return windows


def test_windows_equal_a_slow_independent_reference():
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(1000):
        height, width = rng.integers(1, 60, size=2)
        mask = np.zeros((height, width), dtype=bool)
        for _ in range(rng.integers(1, 5)):
            x, y = rng.integers(0, width), rng.integers(0, height)
            mask[y : y + rng.integers(1, 25), x : x + rng.integers(1, 25)] = True
        mask &= rng.random(mask.shape) < rng.choice([0.5, 1.0])
        size, min_side = int(rng.integers(8, 40)), int(rng.integers(1, 12))
        found = crop.windows(components(mask).boxes_n4, (int(width), int(height)), size, min_side)
        assert set(found) == expected_windows(mask, size, min_side)
        seen += len(found)
    assert seen > 1000


def test_the_longer_side_decides_whether_an_animal_gets_a_window():
    mask = np.zeros((50, 50), dtype=bool)
    mask[10, 5:25] = True  # 20 x 1
    boxes_n4 = components(mask).boxes_n4
    assert len(crop.windows(boxes_n4, (50, 50), 16, 20)) == 1
    assert crop.windows(boxes_n4, (50, 50), 16, 21) == []


def test_a_crop_holds_the_pixels_of_its_window(inputs):
    sources = {source.name: source for source in inputs.sources}
    for _, sample in inputs.samples(crop):
        source = sources[sample.meta["source"]]
        picture, mask = source.picture, source.mask_hw
        x0, y0, x1, y1 = sample.meta["window"]
        assert (masks.decode(sample.mask_png) == mask[y0:y1, x0:x1]).all()
        shown = images.decode(sample.jpg).image_hw3
        assert shown.shape == (48, 48, 3)
        assert np.abs(shown.astype(int) - picture.image_hw3[y0:y1, x0:x1]).mean() < 8


def test_a_small_image_is_padded_with_black_and_no_animal(tmp_path):
    folder(tmp_path)
    chosen = config(tmp_path, tmp_path / "out", crop=raw_inputs.Crop(size=120, min_side=20))
    inputs = Inputs(chosen)
    for module in (crop, i2i):
        for _, sample in inputs.samples(module):
            assert sample.meta["window"] == [0, 0, 120, 120]  # the image is 96 x 72
            shown, mask = images.decode(sample.jpg).image_hw3, masks.decode(sample.mask_png)
            assert shown.shape == (120, 120, 3)
            assert shown[80:, :].max() <= 8  # JPEG's blocks do not end at 72
            assert shown[:, 104:].max() <= 8
            assert shown[:64, :90].mean() > 60
            assert mask[:72, :96].any()
            assert not mask[72:].any()
            assert not mask[:, 96:].any()


def test_i2i_has_the_keys_masks_and_windows_of_crop_and_another_look(inputs):
    crops, translated = inputs.samples(crop), inputs.samples(i2i)
    assert [(split, sample.key, sample.mask_png) for split, sample in crops] == [
        (split, sample.key, sample.mask_png) for split, sample in translated
    ]
    for (_, before), (_, after) in zip(crops, translated, strict=True):
        assert after.meta == before.meta | {"translator": "reinhard@style=photo"}
        assert before.meta["translator"] is None
        assert after.jpg != before.jpg


def test_full_keeps_the_whole_image_and_its_bytes(inputs):
    for (_, sample), pair in zip(inputs.samples(full), inputs.pairs, strict=True):
        assert sample.key == pair.key
        assert sample.jpg == pair.image.read_bytes()
        assert sample.meta["window"] is None


@pytest.mark.parametrize("name", TRAINING)
def test_a_training_sample_tells_where_its_animals_are(inputs, name):
    module = plugins.load(arms.PACKAGE, name, "arms")
    for split, sample in inputs.samples(module):
        assert split in {"train", "val"}
        assert list(sample.meta)[:4] == ["source", "window", "boxes", "translator"]
        mask = masks.decode(sample.mask_png)
        labels, _ = scipy.ndimage.label(mask, structure=np.ones((3, 3)))
        slices = scipy.ndimage.find_objects(labels)
        assert sorted(sample.meta["boxes"]) == sorted([x.start, y.start, x.stop, y.stop] for y, x in slices)


def test_the_known_arms_are_found():
    assert {"full", "crop", "i2i", "i2i_location", REAL} <= set(plugins.names(arms.PACKAGE))


def test_no_source_image_is_both_in_train_and_in_val_of_any_arm(inputs):
    sides = {}
    for name in TRAINING:
        for split, sample in inputs.samples(plugins.load(arms.PACKAGE, name, "arms")):
            sides.setdefault(sample.meta["source"], set()).add(split)
    assert all(len(splits) == 1 for splits in sides.values())
    assert {split for splits in sides.values() for split in splits} == {"train", "val"}


def test_another_image_does_not_move_the_others_to_the_other_side(tmp_path):
    sides = []
    for count in (24, 30):
        path = tmp_path / str(count)
        raw_inputs.synthetic(path / "synthetic", count)
        raw_inputs.survey(path)
        sides.append(
            {pair.name: pair.split for pair in synthetic_images.pairs(config(path, path / "out"), SelectionLog())[0]}
        )
    assert sides[0].items() < sides[1].items()


def test_a_photographs_sample_is_as_the_readers_expect(inputs):
    record = next(record for record in candidates.candidates(inputs.config, SelectionLog()).test if record.id == "p0")
    sample = real.sample(real_images.examine(record, "test", inputs.config).photo)
    assert sample.key == "p0"
    assert sample.jpg == inputs.photos[0].read_bytes()
    assert sample.mask_png is None
    assert sample.meta == {
        "image_id": "p0",
        "file_name": "p0.jpg",
        "location": "33",
        "seq_id": "seq-p0",
        "frame_num": 1,
        "captured_at": "2012-05-08T12:23:36",
        "width": 80,
        "height": 60,
        "boxes": [{"box": [20.0, 15.0, 50.0, 40.0], "category": "deer"}],
    }


def test_a_photograph_keeps_the_name_of_its_file_with_forward_slashes(inputs):
    record = candidates.candidates(inputs.config, SelectionLog()).test[0]
    photo = real_images.examine(record, "test", inputs.config).photo
    renamed = replace(photo, record=replace(record, file_name="A\\0.JPG"))
    assert real.sample(renamed).meta["file_name"] == "A/0.JPG"
