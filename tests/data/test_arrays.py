import dataclasses

import numpy as np
import pytest
import torch

from ablate.data import arrays
from ablate.data import root as data
from ablate.data.manifest import Manifest, write_manifest
from ablate.data.shards import Sample
from tests import tiny_data


def test_pictures_come_in_shard_order_at_network_size(tiny_root):
    loaded = arrays.load(data.at(str(tiny_root)), "crop", "train", 32)
    assert loaded.image_n3hw.shape == (16, 3, 32, 32)
    assert loaded.image_n3hw.dtype == loaded.mask_n1hw.dtype == torch.uint8
    assert [meta["source"] for meta in loaded.meta_n] == [f"train{index:03d}" for index in range(16)]
    assert loaded.mask_n1hw.unique().tolist() == [0, 1]


def test_a_batch_is_float_in_the_unit_interval(tiny_root):
    loaded = arrays.load(data.at(str(tiny_root)), "crop", "train", 32)
    image, mask = loaded.batch(torch.tensor([3, 1]), torch.device("cpu"))
    assert image.dtype == mask.dtype == torch.float32
    assert 0 <= image.min() < image.max() <= 1
    assert torch.equal(image[0], loaded.image_n3hw[3].float() / 255)


def test_the_second_load_decodes_nothing(tiny_root):
    root = data.at(str(tiny_root))
    first = arrays.load(root, "i2i", "val", 32)
    moved = dataclasses.replace(root, place=f"{tiny_root} moved away")  # the shards are not touched
    second = arrays.load(moved, "i2i", "val", 32)
    assert torch.equal(first.image_n3hw, second.image_n3hw)


def test_photographs_without_masks_say_so(tiny_root):
    loaded = arrays.load(data.at(str(tiny_root)), "real", "empty", 32)
    assert not loaded.has_mask_n.any()
    assert len(arrays.Photograph(loaded.meta_n[0]).boxes_n4) == 0


def test_a_picture_that_cannot_be_decoded_is_named(tmp_path):
    good = Sample("good", tiny_data.jpg(np.zeros((8, 8, 3), np.uint8)), None, {})
    arm = tiny_data.write_arm(tmp_path, "crop", {"train": [good, Sample("bad", b"no picture", None, {})]})
    write_manifest(tmp_path, Manifest(arms={"crop": arm}))
    for _ in range(2):  # a failed decoding leaves nothing that a second try would take for whole
        with pytest.raises(ValueError, match="sample bad"):
            arrays.load(data.at(str(tmp_path)), "crop", "train", 8)


def test_squash_averages_and_does_not_alias():
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::2] = 200
    inner = arrays.squash(stripes, 16).astype(int)[:, :, 1:-1]  # at the edge the filter has half its support
    assert abs(inner - 100).max() <= 2


def test_an_empty_split_has_no_pictures(tmp_path):
    photograph = tiny_data.photograph(np.random.default_rng(0), "one", "34", animal=True)
    write_manifest(tmp_path, Manifest(arms={"real": tiny_data.write_arm(tmp_path, "real", {"test": [photograph]})}))
    assert len(arrays.load(data.at(str(tmp_path)), "real", "empty", 16)) == 0
